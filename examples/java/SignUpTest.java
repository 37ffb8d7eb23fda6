import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Waits for a code with plain HTTP and nothing but the JDK: java SignUpTest.java. A JSON library would replace {@code text}. */
public class SignUpTest {
    private static final HttpClient HTTP = HttpClient.newHttpClient();
    private static final String SERVER = System.getenv().getOrDefault("MAYFLY_SERVER", "http://127.0.0.1:8080");

    public static void main(String[] args) throws Exception {
        // A mailbox for this test alone.
        String address = "java-" + UUID.randomUUID() + "@" + text(call("GET", "/api/domains", null, null), "domain");
        String mailbox = call("POST", "/api/accounts", null, "{\"address\":\"" + address + "\",\"password\":\"correct horse\"}");
        String token = text(mailbox, "token");

        // Whatever sends the mail; here the server does.
        call("POST", "/api/test-message", token, "");

        // Messages that are there already count too: since=0.
        String found = call("GET", "/api/messages/wait?since=0&has_code=true&timeout=30", token, null);
        if (found.isEmpty()) {
            throw new AssertionError("no code in time; arrived: " + call("GET", "/api/messages", token, null));
        }
        String codes = found.substring(found.indexOf("\"codes\""));
        System.out.println(text(codes, "value"));
        call("DELETE", "/api/me", token, null);
    }

    private static String call(String method, String path, String token, String body) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(SERVER + path)).timeout(Duration.ofSeconds(60));
        request.method(method, body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body));
        if (body != null && !body.isEmpty()) {
            request.header("Content-Type", "application/json");
        }
        if (token != null) {
            request.header("Authorization", "Bearer " + token);
        }
        HttpResponse<String> response = HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() >= 400) {
            throw new IllegalStateException(method + " " + path + ": " + response.statusCode() + " " + response.body());
        }
        return response.body();
    }

    /** The first text of a key. */
    private static String text(String json, String key) {
        Matcher matcher = Pattern.compile("\"" + key + "\"\\s*:\\s*\"([^\"]*)\"").matcher(json);
        if (!matcher.find()) {
            throw new IllegalStateException("no " + key + " in " + json);
        }
        return matcher.group(1);
    }
}
