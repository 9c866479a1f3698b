package awsemu

import (
	"encoding/csv"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

// generate asks for a report and returns its state.
func generate(t *testing.T, c *iam.Client) string {
	t.Helper()
	out, err := c.GenerateCredentialReport(background(), &iam.GenerateCredentialReportInput{})
	must(t, err)
	return string(out.State)
}

func getReportCode(t *testing.T, c *iam.Client) string {
	t.Helper()
	_, err := c.GetCredentialReport(background(), &iam.GetCredentialReportInput{})
	return code(t, err)
}

func TestCredentialReportIsMadeAndKeptFourHours(t *testing.T) {
	t.Parallel()
	f := reading(t)
	c, _ := f.session(t)
	if got := getReportCode(t, c); got != "ReportNotPresent" {
		t.Errorf("before: %q", got)
	}
	got := []string{generate(t, c), generate(t, c), getReportCode(t, c)}
	f.clock.advance(2 * time.Second)
	got = append(got, generate(t, c), getReportCode(t, c))
	if diff := cmp.Diff([]string{"STARTED", "INPROGRESS", "ReportInProgress", "COMPLETE", ""}, got); diff != "" {
		t.Error(diff)
	}
	out, err := c.GetCredentialReport(background(), &iam.GetCredentialReportInput{})
	must(t, err)
	// What happens now is in the next report only.
	must(t, f.PutIAMUser(testDev, IAMUser{Name: "late"}))
	again, err := c.GetCredentialReport(background(), &iam.GetCredentialReportInput{})
	must(t, err)
	if string(out.Content) != string(again.Content) || !out.GeneratedTime.Equal(*again.GeneratedTime) {
		t.Error("a report changes after it was made")
	}
	// The SDK signs with the real clock: let the report be old instead.
	f.mu.Lock()
	f.iam[testDev].report.ends = f.clock.Now().Add(-4*time.Hour - time.Second)
	f.mu.Unlock()
	if got := getReportCode(t, c); got != "ReportExpired" {
		t.Errorf("after four hours: %q", got)
	}
	if got := generate(t, c); got != "STARTED" {
		t.Errorf("after four hours: %q", got)
	}
	f.clock.advance(2 * time.Second)
	out, err = c.GetCredentialReport(background(), &iam.GetCredentialReportInput{})
	must(t, err)
	if !strings.Contains(string(out.Content), "\nlate,") {
		t.Error("the next report does not have the new user")
	}
	f.LimitReports(testDev, true)
	_, err = c.GenerateCredentialReport(background(), &iam.GenerateCredentialReportInput{})
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "LimitExceeded" && api.ErrorCode() != "LimitExceededException" {
		t.Errorf("limited: %v", err)
	}
}

func TestCredentialReportSaysWhatIsKnown(t *testing.T) {
	t.Parallel()
	f := reading(t)
	c, _ := f.session(t)
	generate(t, c)
	f.clock.advance(2 * time.Second)
	out, err := c.GetCredentialReport(background(), &iam.GetCredentialReportInput{})
	must(t, err)
	rows, err := csv.NewReader(strings.NewReader(string(out.Content))).ReadAll()
	must(t, err)
	if strings.Join(rows[0], ",") != reportColumns || len(rows) != 5 || strings.HasSuffix(string(out.Content), "\n") || out.ReportFormat != "text/csv" {
		t.Fatalf("report %q", out.Content)
	}
	base := f.State().IAM[0].Users[1].Created // Hana's
	stamp := func(d time.Duration) string { return base.Add(d).Format("2006-01-02T15:04:05Z") }
	none := "false,N/A,N/A,N/A,N/A"
	certs := "false,N/A,false,N/A"
	arn := "arn:aws:iam::" + testDev + ":"
	want := []string{
		"<root_account>," + arn + "root," + rows[1][2] + ",not_supported,no_information,not_supported,not_supported,true," + none + "," + none + "," + certs,
		"deploy," + arn + "user/robots/deploy," + stamp(0) + ",false,N/A,N/A,N/A,false,true," + stamp(0) + ",N/A,N/A,N/A," + none + "," + certs,
		"Hana," + arn + "user/Hana," + stamp(0) + ",true," + stamp(time.Hour) + "," + stamp(0) + ",N/A,true,true," + stamp(0) + "," + stamp(2*time.Hour) +
			",N/A,s3,false," + stamp(0) + ",N/A,N/A,N/A," + certs,
		"never," + arn + "user/never," + stamp(0) + ",true,no_information," + stamp(0) + ",N/A,false," + none + "," + none + "," + certs,
	}
	for i, row := range want {
		if got := strings.Join(rows[i+1], ","); got != row {
			t.Errorf("row %d:\n got %s\nwant %s", i+1, got, row)
		}
	}
}
