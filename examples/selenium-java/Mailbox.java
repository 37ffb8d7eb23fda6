import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.openqa.selenium.json.Json;

/** A mailbox for one test, over plain HTTP. Closing deletes it. */
public class Mailbox implements AutoCloseable {
    private static final HttpClient HTTP = HttpClient.newHttpClient();
    private static final String SERVER = System.getenv().getOrDefault("MAYFLY_SERVER", "http://127.0.0.1:8080");
    /** That of Selenium, so that the example needs no other library. */
    private static final Json JSON = new Json();

    private final String address;
    private final String token;

    private Mailbox(String address, String token) {
        this.address = address;
        this.token = token;
    }

    /** Creates a mailbox with a random address. */
    public static Mailbox create() throws Exception {
        Map<String, Object> system = object(call("GET", "/api/domains", null, null));
        String domain = (String) objects(system.get("domains")).get(0).get("domain");
        String address = "selenium-" + UUID.randomUUID() + "@" + domain;
        String body = JSON.toJson(Map.of("address", address, "password", "correct horse"));
        Map<String, Object> created = object(call("POST", "/api/accounts", null, body));
        return new Mailbox(address, (String) created.get("token"));
    }

    public String address() {
        return address;
    }

    /** Waits for a mail with a one-time code; returns the most probable code. Messages that are there already count too: since=0. */
    public String code(Duration timeout) throws Exception {
        String found = call("GET", "/api/messages/wait?since=0&has_code=true&timeout=" + timeout.toSeconds(), token, null);
        if (found.isEmpty()) {
            throw new AssertionError(address + ": no code in time; arrived: " + call("GET", "/api/messages", token, null));
        }
        Map<String, Object> message = objects(object(found).get("messages")).get(0);
        return (String) objects(message.get("codes")).get(0).get("value");
    }

    @Override
    public void close() throws Exception {
        call("DELETE", "/api/me", token, null);
    }

    private static String call(String method, String path, String token, String body) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(SERVER + path)).timeout(Duration.ofSeconds(60));
        request.method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        if (body != null) {
            request.header("Content-Type", "application/json");
        }
        if (token != null) {
            request.header("Authorization", "Bearer " + token);
        }
        HttpResponse<String> response = HTTP.send(request.build(), BodyHandlers.ofString());
        if (response.statusCode() >= 400) {
            throw new IllegalStateException(method + " " + path + ": " + response.statusCode() + " " + response.body());
        }
        return response.body();
    }

    private static Map<String, Object> object(String text) {
        return JSON.toType(text, Json.MAP_TYPE);
    }

    @SuppressWarnings("unchecked")
    private static List<Map<String, Object>> objects(Object list) {
        return (List<Map<String, Object>>) list;
    }
}
