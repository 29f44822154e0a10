// Package browser drives a headless Chromium, for tests of report.html and for
// pictures of it. It speaks the DevTools protocol over a pipe (Chromium's
// --remote-debugging-pipe: messages on descriptors 3 and 4, each ended by a
// zero byte), so it needs no network, no port and no other package.
package browser

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// Names are the programs that Find looks for.
var Names = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// Find returns the path of a Chromium, or an error that says how to get one.
func Find() (string, error) {
	for _, name := range Names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no chromium in PATH; Debian and its kin have a package of this name")
}

// Browser is a running Chromium with one page open.
type Browser struct {
	cmd      *exec.Cmd
	profile  string
	in       io.WriteCloser
	messages chan message
	session  string
	next     int
	wait     time.Duration

	// Log collects what the page wrote to its console as warnings and
	// errors, exceptions that it did not catch, and violations of its policy.
	Log []string
	// Requests collects the addresses that the page asked for, its own
	// included.
	Requests []string
}

type message struct {
	ID     int             `json:"id,omitempty"`
	Method string          `json:"method,omitempty"`
	Params json.RawMessage `json:"params,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
	Session string `json:"sessionId,omitempty"`
}

// Start runs the Chromium at path with a profile of its own, and opens an empty
// page. No answer may take longer than wait.
func Start(path string, wait time.Duration) (*Browser, error) {
	profile, err := os.MkdirTemp("", "browser")
	if err != nil {
		return nil, err
	}
	b := &Browser{profile: profile, messages: make(chan message, 256), wait: wait}
	b.cmd = exec.Command(path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--hide-scrollbars", "--force-color-profile=srgb",
		"--remote-debugging-pipe", "--user-data-dir="+profile, "about:blank")
	if err := b.start(); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

func (b *Browser) start() error {
	toBrowser, in, err := os.Pipe()
	if err != nil {
		return err
	}
	out, fromBrowser, err := os.Pipe()
	if err != nil {
		return err
	}
	b.in = in
	b.cmd.ExtraFiles = []*os.File{toBrowser, fromBrowser} // descriptors 3 and 4
	err = b.cmd.Start()
	toBrowser.Close()
	fromBrowser.Close()
	if err != nil {
		return err
	}
	go func() {
		defer close(b.messages)
		defer out.Close()
		r := bufio.NewReader(out)
		for {
			data, err := r.ReadBytes(0)
			if err != nil {
				return
			}
			var m message
			if json.Unmarshal(bytes.TrimRight(data, "\x00"), &m) == nil {
				b.messages <- m
			}
		}
	}()
	var target struct{ TargetID string }
	if err := b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target); err != nil {
		return err
	}
	var attached struct{ SessionID string }
	if err := b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached); err != nil {
		return err
	}
	b.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		if err := b.call(domain+".enable", nil, nil); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the browser and removes its profile.
func (b *Browser) Close() error {
	if b.in != nil {
		b.in.Close() // Chromium ends with its pipe
	}
	if b.cmd.Process != nil {
		stop := time.AfterFunc(b.wait, func() { b.cmd.Process.Kill() })
		for range b.messages { // until the other end is closed
		}
		b.cmd.Wait()
		stop.Stop()
	}
	return os.RemoveAll(b.profile)
}

// call sends a command and waits for its answer; events that come first are
// noted.
func (b *Browser) call(method string, params, result any) error {
	b.next++
	id := b.next
	data, err := json.Marshal(struct {
		ID      int    `json:"id"`
		Method  string `json:"method"`
		Params  any    `json:"params,omitempty"`
		Session string `json:"sessionId,omitempty"`
	}{id, method, params, b.session})
	if err != nil {
		return err
	}
	if _, err := b.in.Write(append(data, 0)); err != nil {
		return err
	}
	m, err := b.until(func(m message) bool { return m.ID == id })
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", method, err)
	case m.Error != nil:
		return fmt.Errorf("%s: %s", method, m.Error.Message)
	case result == nil:
		return nil
	}
	return json.Unmarshal(m.Result, result)
}

func (b *Browser) until(want func(message) bool) (message, error) {
	late := time.NewTimer(b.wait)
	defer late.Stop()
	for {
		select {
		case m, ok := <-b.messages:
			if !ok {
				return message{}, errors.New("the browser is gone")
			}
			b.note(m)
			if want(m) {
				return m, nil
			}
		case <-late.C:
			return message{}, fmt.Errorf("no answer within %v", b.wait)
		}
	}
}

// note keeps what events say about errors and requests.
func (b *Browser) note(m message) {
	var p struct {
		Type      string
		Args      []struct{ Value any }
		Entry     struct{ Level, Text, URL string }
		Exception struct {
			Text      string
			Exception struct{ Description string }
		} `json:"exceptionDetails"`
		Request struct{ URL string }
	}
	if json.Unmarshal(m.Params, &p) != nil {
		return
	}
	switch m.Method {
	case "Runtime.consoleAPICalled":
		if p.Type == "error" || p.Type == "warning" || p.Type == "assert" {
			b.Log = append(b.Log, fmt.Sprintf("console.%s: %v", p.Type, p.Args))
		}
	case "Runtime.exceptionThrown":
		b.Log = append(b.Log, p.Exception.Text+" "+p.Exception.Exception.Description)
	case "Log.entryAdded":
		if p.Entry.Level == "error" || p.Entry.Level == "warning" {
			b.Log = append(b.Log, p.Entry.Text)
		}
	case "Network.requestWillBeSent":
		b.Requests = append(b.Requests, p.Request.URL)
	}
}

// Open loads an address and waits until the page is there.
func (b *Browser) Open(url string) error {
	if err := b.call("Page.navigate", map[string]any{"url": url}, nil); err != nil {
		return err
	}
	_, err := b.until(func(m message) bool { return m.Method == "Page.loadEventFired" })
	return err
}

// Eval evaluates JavaScript, waits for a promise that it gives, and stores its
// value in result.
func (b *Browser) Eval(script string, result any) error {
	var answer struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	params := map[string]any{"expression": script, "awaitPromise": true, "returnByValue": true, "userGesture": true}
	if err := b.call("Runtime.evaluate", params, &answer); err != nil {
		return err
	}
	if e := answer.ExceptionDetails; e != nil {
		return fmt.Errorf("%s %s", e.Text, e.Exception.Description)
	}
	if result == nil || len(answer.Result.Value) == 0 {
		return nil
	}
	return json.Unmarshal(answer.Result.Value, result)
}

// Screen makes the window a size, and the system's preference dark or light.
func (b *Browser) Screen(width, height int, dark bool) error {
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	return errors.Join(
		b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}, nil),
		b.call("Emulation.setEmulatedMedia", map[string]any{"features": []any{map[string]any{"name": "prefers-color-scheme", "value": scheme}}}, nil))
}

// Picture returns what the window shows, as PNG.
func (b *Browser) Picture() ([]byte, error) {
	var shot struct{ Data string }
	if err := b.call("Page.captureScreenshot", map[string]any{"format": "png"}, &shot); err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(shot.Data)
}
