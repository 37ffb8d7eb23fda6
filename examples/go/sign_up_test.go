// Waits for a code with plain HTTP and nothing but Go's standard library: go test
package signup

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"testing"
	"time"
)

func TestSignUp(t *testing.T) {
	mailbox := newMailbox(t)

	// Whatever sends the mail; here the server does.
	mailbox.call(t, "POST", "/api/test-message", nil, nil)

	if code := mailbox.code(t, 30*time.Second); len(code) != 6 {
		t.Fatalf("not a code of six digits: %q", code)
	}
}

// A mailbox, and the token that reads it.
type mailbox struct {
	Address string
	Token   string
}

// newMailbox creates a mailbox for one test, and deletes it at its end.
func newMailbox(t *testing.T) mailbox {
	t.Helper()
	var system struct {
		Domains []struct {
			Domain  string
			Default bool
		}
	}
	call(t, "", "GET", "/api/domains", nil, &system)
	var domain string
	for _, one := range system.Domains {
		if one.Default {
			domain = one.Domain
		}
	}

	random := make([]byte, 8)
	if _, err := rand.Read(random); err != nil {
		t.Fatal(err)
	}
	account := map[string]string{
		"address":  fmt.Sprintf("go-%x@%s", random, domain),
		"password": "correct horse",
	}
	var created mailbox
	call(t, "", "POST", "/api/accounts", account, &created)
	t.Cleanup(func() { created.call(t, "DELETE", "/api/me", nil, nil) })
	return created
}

// code waits for a mail with a one-time code, and returns the most probable code.
func (m mailbox) code(t *testing.T, timeout time.Duration) string {
	t.Helper()
	query := url.Values{
		"has_code": {"true"},
		"since":    {"0"}, // Messages that are there already count too.
		"timeout":  {fmt.Sprint(int(timeout.Seconds()))},
	}
	var found struct {
		Messages []struct {
			Codes []struct{ Value string }
		}
	}
	// After a time-out the answer has no body.
	m.call(t, "GET", "/api/messages/wait?"+query.Encode(), nil, &found)
	if len(found.Messages) == 0 {
		var arrived json.RawMessage
		m.call(t, "GET", "/api/messages", nil, &arrived)
		t.Fatalf("%s: no code within %s; arrived: %s", m.Address, timeout, arrived)
	}
	return found.Messages[0].Codes[0].Value
}

func (m mailbox) call(t *testing.T, method, path string, body, answer any) {
	t.Helper()
	call(t, m.Token, method, path, body, answer)
}

// call sends one request, and decodes the JSON of its answer. Any error ends the test.
func call(t *testing.T, token, method, path string, body, answer any) {
	t.Helper()
	server := os.Getenv("MAYFLY_SERVER")
	if server == "" {
		server = "http://127.0.0.1:8080"
	}
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequest(method, server+path, content)
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	// Longer than any wait.
	client := http.Client{Timeout: time.Minute}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode >= 400 {
		t.Fatalf("%s %s: %s %s", method, path, response.Status, text)
	}
	if answer != nil && len(text) > 0 {
		if err := json.Unmarshal(text, answer); err != nil {
			t.Fatalf("%s %s: %s: %s", method, path, err, text)
		}
	}
}
