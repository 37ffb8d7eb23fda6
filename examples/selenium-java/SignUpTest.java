import java.time.Duration;
import org.openqa.selenium.By;
import org.openqa.selenium.WebDriver;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeOptions;

/** Signs up in a browser with the code of a mail. The steps are those of ../playwright-otp. */
public class SignUpTest {
    public static void main(String[] args) throws Exception {
        ChromeOptions options = new ChromeOptions().addArguments("--headless=new");
        // Without it, the Chrome that Selenium finds.
        if (System.getenv("CHROMIUM") != null) {
            options.setBinary(System.getenv("CHROMIUM"));
        }
        WebDriver browser = new ChromeDriver(options);
        try (Mailbox mailbox = Mailbox.create()) {
            // For elements; a mail is waited for by Mayfly.
            browser.manage().timeouts().implicitlyWait(Duration.ofSeconds(10));
            browser.get(System.getenv("APP"));
            browser.findElement(By.name("email")).sendKeys(mailbox.address());
            browser.findElement(By.xpath("//button[text()='Sign up']")).click();
            browser.findElement(By.name("code")).sendKeys(mailbox.code(Duration.ofSeconds(30)));
            browser.findElement(By.xpath("//button[text()='Continue']")).click();
            String heading = browser.findElement(By.tagName("h1")).getText();
            if (!heading.equals("Welcome")) {
                throw new AssertionError(heading);
            }
            System.out.println(mailbox.address() + ": " + heading);
        } finally {
            browser.quit();
        }
    }
}
