package iam

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision/fault"
)

// rootUser is the row of the root user, which is no IAM user.
const rootUser = "<root_account>"

// maxReport is the largest report that is read, in bytes; an account has at
// most some thousand users, of about 400 bytes each.
const maxReport = 16 << 20

// user is an IAM user who can sign in, as far as it matters here.
type user struct {
	name     string
	password bool
	keys     int // active ones
	lastUsed time.Time
}

// parseReport reads a credential report. Columns are found by name, so that AWS
// may add some; one that is missing is an error.
func parseReport(content []byte) ([]user, error) {
	if len(content) > maxReport {
		return nil, fmt.Errorf("%d bytes, more than %d", len(content), maxReport)
	}
	in := csv.NewReader(bytes.NewReader(content))
	in.ReuseRecord = true
	head, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	at, err := columns(head)
	if err != nil {
		return nil, err
	}
	var out []user
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		if row[at["user"]] == rootUser {
			continue
		}
		u, err := parseRow(row, at)
		if err != nil {
			return nil, fmt.Errorf("user %q: %w", fault.Sentence(row[at["user"]]), err)
		}
		out = append(out, u)
	}
}

// columns finds the columns that are read.
func columns(head []string) (map[string]int, error) {
	at := map[string]int{}
	for i, name := range head {
		if _, twice := at[name]; !twice {
			at[name] = i
		}
	}
	for _, name := range []string{"user", "password_enabled", "password_last_used", "access_key_1_active", "access_key_1_last_used_date", "access_key_2_active", "access_key_2_last_used_date"} {
		if _, ok := at[name]; !ok {
			return nil, fmt.Errorf("no column %s", name)
		}
	}
	return at, nil
}

func parseRow(row []string, at map[string]int) (user, error) {
	u := user{name: row[at["user"]]}
	var err error
	if u.password, err = yes(row[at["password_enabled"]]); err != nil {
		return u, err
	}
	if u.password {
		if u.lastUsed, err = when(row[at["password_last_used"]]); err != nil {
			return u, err
		}
	}
	for _, key := range []string{"access_key_1", "access_key_2"} {
		active, err := yes(row[at[key+"_active"]])
		if err != nil {
			return u, err
		}
		if !active {
			continue
		}
		u.keys++
		used, err := when(row[at[key+"_last_used_date"]])
		if err != nil {
			return u, err
		}
		u.lastUsed = later(u.lastUsed, used)
	}
	return u, nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// yes reads a truth value; not_supported is none.
func yes(s string) (bool, error) {
	switch s {
	case "true", "TRUE":
		return true, nil
	case "false", "FALSE", "not_supported", "N/A", "":
		return false, nil
	default:
		return false, fmt.Errorf("%q is neither true nor false", fault.Sentence(s))
	}
}

// when reads a time, zero where the report says that there is none.
func when(s string) (time.Time, error) {
	switch s {
	case "N/A", "no_information", "not_supported", "":
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is no time", fault.Sentence(s))
	}
	return t.UTC(), nil
}

// summarize counts the users who can sign in, as of a time.
func summarize(list []user, at time.Time) access.IAMUsers {
	out := access.IAMUsers{At: at}
	active := slices.DeleteFunc(slices.Clone(list), func(u user) bool { return !u.password && u.keys == 0 })
	slices.SortStableFunc(active, func(a, b user) int { return cmp.Or(b.lastUsed.Compare(a.lastUsed), cmp.Compare(a.name, b.name)) })
	out.Total = len(active)
	for _, u := range active {
		if u.password {
			out.Passwords++
		}
		if u.keys > 0 {
			out.Keys++
		}
		if !u.lastUsed.IsZero() && at.Sub(u.lastUsed) <= week {
			out.UsedThisWeek++
		}
		if len(out.Names) < maxNames {
			out.Names = append(out.Names, fault.Sentence(u.name))
		}
	}
	return out
}
