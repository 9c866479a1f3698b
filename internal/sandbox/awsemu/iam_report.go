package awsemu

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/csv"
	"net/http"
	"strings"
	"time"
)

// reportKept is how long a credential report is handed out, and no other one
// made ("Getting credential reports for your AWS account").
const reportKept = 4 * time.Hour

// What a credential report says where there is nothing to say.
const (
	notApplicable = "N/A"
	noInformation = "no_information"
	notSupported  = "not_supported"
)

// reportColumns are those of a real report. The user guide lists one more,
// additional_credentials_info, for users with more keys or certificates than
// these columns hold; reports of accounts without such users do not have it.
const reportColumns = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active," +
	"access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service," +
	"access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service," +
	"cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated"

// report is a credential report, or one in the making.
type report struct {
	ends    time.Time // when it is ready
	content []byte    // nil before that
}

// settleReports finishes the reports that are due.
func (s *Server) settleReports(now time.Time) {
	for id, a := range s.iam {
		if r := a.report; r != nil && r.content == nil && !now.Before(r.ends) {
			r.content = a.csv(id)
		}
	}
}

type wireReportState struct {
	State       string
	Description string `xml:",omitempty"`
}

// generateReport starts a report unless there is one that is still good.
func generateReport(s *Server, c *queryCall) (any, error) {
	a := s.iamOf(c.accountID, c.now)
	switch {
	case a.limited:
		return nil, failQuery(http.StatusConflict, "LimitExceeded", "The maximum number of report requests for the account has been reached.")
	case a.report != nil && a.report.content == nil:
		return s.answer(c, wireReportState{State: "INPROGRESS"}), nil
	case a.report != nil && c.now.Sub(a.report.ends) <= reportKept:
		return s.answer(c, wireReportState{State: "COMPLETE"}), nil
	}
	a.report = &report{ends: c.now.Add(s.kit.Delay(s.opts.ReportTime))}
	return s.answer(c, wireReportState{"STARTED", "No report exists. Starting a new report generation task"}), nil
}

type wireReport struct{ Content, ReportFormat, GeneratedTime string }

func getReport(s *Server, c *queryCall) (any, error) {
	r := s.iamOf(c.accountID, c.now).report
	switch {
	case r == nil:
		return nil, failQuery(http.StatusGone, "ReportNotPresent", "Unknown")
	case r.content == nil:
		return nil, failQuery(http.StatusNotFound, "ReportInProgress", "Unknown")
	case c.now.Sub(r.ends) > reportKept:
		return nil, failQuery(http.StatusGone, "ReportExpired", "Unknown")
	}
	return s.answer(c, wireReport{base64.StdEncoding.EncodeToString(r.content), "text/csv", iamDate(r.ends)}), nil
}

// csv writes the report of an account: the root user first, then the IAM users
// by name, without a newline at the end.
func (a *iamAccount) csv(account string) []byte {
	var b bytes.Buffer
	b.WriteString(reportColumns + "\n")
	w := csv.NewWriter(&b)
	root := []string{"<root_account>", "arn:aws:iam::" + account + ":root", iamDate(a.created), notSupported, noInformation, notSupported, notSupported, "true"}
	rows := [][]string{append(root, keyColumns(nil)...)}
	for _, u := range a.sorted() {
		row := append([]string{u.Name, userARN(account, u), iamDate(u.Created)}, u.passwordColumns()...)
		rows = append(rows, append(append(row, yesNo(u.MFA)), keyColumns(u.Keys)...))
	}
	for _, row := range rows {
		_ = w.Write(append(row, "false", notApplicable, "false", notApplicable)) // kept in memory
	}
	w.Flush()
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func yesNo(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// passwordColumns are from password_enabled to password_next_rotation. The
// accounts have no policy that makes passwords rotate.
func (u *IAMUser) passwordColumns() []string {
	if u.Password == nil {
		return []string{"false", notApplicable, notApplicable, notApplicable}
	}
	used := noInformation
	if !u.Password.LastUsed.IsZero() {
		used = iamDate(u.Password.LastUsed)
	}
	return []string{"true", used, iamDate(u.Password.Created), notApplicable}
}

// keyColumns are those of two access keys, whether they are there or not.
func keyColumns(keys []IAMKey) []string {
	var out []string
	for i := range maxKeys {
		if i >= len(keys) {
			out = append(out, "false", notApplicable, notApplicable, notApplicable, notApplicable)
			continue
		}
		k := keys[i]
		used := []string{notApplicable, notApplicable, notApplicable}
		if !k.LastUsed.IsZero() {
			used = []string{iamDate(k.LastUsed), orNone(k.Region), orNone(k.Service)}
		}
		out = append(append(out, yesNo(!k.Inactive), iamDate(k.Created)), used...)
	}
	return out
}

func orNone(s string) string { return cmp.Or(strings.TrimSpace(s), notApplicable) }

// LimitReports makes GenerateCredentialReport answer LimitExceeded in an
// account, or no longer.
func (s *Server) LimitReports(account string, on bool) {
	now := s.lock()
	defer s.mu.Unlock()
	s.iamOf(account, now).limited = on
}
