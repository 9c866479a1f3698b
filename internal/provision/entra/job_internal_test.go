package entra

import (
	"encoding/json"
	"strings"
	"testing"

	"aws-access-bot/internal/provision/fault"
)

// FuzzReadOnDemand: only an answer that says so is taken for success, and one
// that is no JSON is an error.
func FuzzReadOnDemand(f *testing.F) {
	for _, s := range []string{
		"", "null", "{}", "[]", "7", `{"result":"Success"}`, `{"result":"success"}`, `{"result":"Skipped","details":{"errorCode":"RedundantExport"}}`,
		`{"result":"Failure","details":{"errorCode":"NotEffectivelyEntitled"}}`, `{"result":"Failure","details":null}`, `{"result":["Success"]}`,
		`{"result":"Failure","details":{"errorMessage":"Success, not assigned"}}`, `{"result":"a\r\nb","details":{"errorMessage":"` + strings.Repeat("x", 5000) + `"}}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		var said struct {
			Result  string
			Details struct{ ErrorCode string }
		}
		got, err := readOnDemand("provision", answer)
		if got.Reason != fault.Sentence(got.Reason) {
			t.Fatalf("%q has the reason %q", answer, got.Reason)
		}
		if !json.Valid([]byte(answer)) && err == nil {
			t.Fatalf("%q is no JSON and is taken for %+v", answer, got)
		}
		if err != nil {
			if got.OK || got.NotYetAssigned {
				t.Fatalf("%q: %+v with %v", answer, got, err)
			}
			return
		}
		if uerr := json.Unmarshal([]byte(answer), &said); uerr != nil {
			t.Fatalf("%q: %v", answer, uerr)
		}
		success := said.Result == "Success" || said.Details.ErrorCode == "RedundantExport"
		if got.OK != success || got.OK && got.NotYetAssigned {
			t.Fatalf("%q is taken for %+v", answer, got)
		}
	})
}
