package emukit

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func serveOne(t *testing.T, k *Kit, hits *int) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k.Serve(w, r, "svc", "Op", func(w http.ResponseWriter, r *http.Request) {
			*hits++
			SetCaller(r.Context(), "me")
			b, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			w.WriteHeader(http.StatusCreated)
			_, _ = w.Write(b)
		})
	}))
	t.Cleanup(s.Close)
	return s
}

func post(t *testing.T, url, body string) (int, string, error) {
	t.Helper()
	res, err := http.Post(url, "text/plain", strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, string(b), err
}

func TestServeJournalsWhatWasAnsweredWithoutSecrets(t *testing.T) {
	k, hits := New(1), 0
	k.Journal.Redact("hunter2hunter2")
	s := serveOne(t, k, &hits)
	if code, body, err := post(t, s.URL+"/x?y=1", "key=hunter2hunter2"); err != nil || code != 201 || body != "key=hunter2hunter2" {
		t.Fatalf("got %d %q %v", code, body, err)
	}
	entries, _ := k.Journal.Since(0)
	if len(entries) != 1 {
		t.Fatalf("want one entry, got %d", len(entries))
	}
	e := entries[0]
	if e.Seq != 1 || e.Caller != "me" || e.Status != 201 || e.Path != "/x?y=1" || e.Request != "key=[redacted]" || e.Response != "key=[redacted]" {
		t.Errorf("entry: %+v", e)
	}
}

func TestFaults(t *testing.T) {
	tests := []struct {
		name             string
		fault            Fault
		wantCodes        []int // 0 means the connection was cut
		wantEffects      int
		wantFaultInFirst string
	}{
		{"answer replaces the effect once", Fault{Name: "busy", Service: "svc", Op: "O*", Status: 503}, []int{503, 201}, 1, "busy"},
		{"skip lets requests pass first", Fault{Status: 500, Skip: 1}, []int{201, 500, 201}, 2, ""},
		{"effect stands though the answer is lost", Fault{Name: "cut", Drop: true, AfterEffect: true}, []int{0, 201}, 2, "cut"},
		{"negative times hits always", Fault{Status: 429, Times: -1}, []int{429, 429}, 0, "fault"},
		{"another operation is not hit", Fault{Op: "Else", Status: 500}, []int{201}, 1, ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			k, hits := New(1), 0
			k.Faults.Add(tc.fault)
			s := serveOne(t, k, &hits)
			for i, want := range tc.wantCodes {
				code, _, err := post(t, s.URL, "b")
				if (want == 0) != (err != nil) || code != want {
					t.Errorf("request %d: got %d, %v; want %d", i, code, err, want)
				}
			}
			if hits != tc.wantEffects {
				t.Errorf("effects: got %d, want %d", hits, tc.wantEffects)
			}
			if e, _ := k.Journal.Since(0); e[0].Fault != tc.wantFaultInFirst {
				t.Errorf("fault of first entry: %q", e[0].Fault)
			}
		})
	}
}

func TestDelayIsDividedBySpeed(t *testing.T) {
	if got := New(60).Delay(120e9); got != 2e9 {
		t.Errorf("got %v", got)
	}
}
