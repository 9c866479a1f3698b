package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// CheckAccountName says whether a name of an account can stand in a file; the
// error is a [Refusal].
func CheckAccountName(s string) error { return checkName(s, maxAccountName) }

// CheckGroupName is [CheckAccountName] for the display name of a group.
func CheckGroupName(s string) error { return checkName(s, maxGroupName) }

// CheckOU says whether s can stand as the path of an organizational unit; the
// error is a [Refusal].
func CheckOU(s string) error { return checkOU(s) }

// CheckTag says whether a tag can stand in an account file; the error is a
// [Refusal].
func CheckTag(key, value string) error {
	if !tagShape.MatchString(key) || !tagShape.MatchString(value) {
		return &Refusal{fmt.Sprintf("the tag %q is not well-formed", cut(key, 80)), "use letters, digits, spaces and _ . : / = + - @ in name and value"}
	}
	return nil
}

// CheckSetDescription says whether s can stand as the description of a
// permission set; the error is a [Refusal].
func CheckSetDescription(s string) error { return checkDescription(s) }

// CheckUserName says whether s can stand as a user principal name; the error is
// a [Refusal].
func CheckUserName(s string) error {
	if !emailShape.MatchString(s) {
		return &Refusal{fmt.Sprintf("%q is not a user principal name", cut(s, 80)), "write it like hana@example.com"}
	}
	return nil
}

// CheckPermissionSetName says whether s can name a permission set; the error is
// a [Refusal].
func CheckPermissionSetName(s string) error {
	if !permissionSetShape.MatchString(s) {
		return &Refusal{fmt.Sprintf("permission set %q is not well-formed", cut(s, 80)), "use 1 to 32 letters, digits and _ + = , . @ -"}
	}
	return nil
}

// CheckObjectID says whether s is an Entra object id in lower case; the error
// is a [Refusal].
func CheckObjectID(s string) error {
	if !uuidShape.MatchString(s) {
		return &Refusal{fmt.Sprintf("%q is not an object id", cut(s, 80)), "copy it from Entra, like 0b7e3f4c-0000-4000-8000-000000000011"}
	}
	return nil
}

// ParseApprover reads an entry of a list of people; the error is a [Refusal].
func ParseApprover(s string) (ApproverRef, error) {
	ref, err := parseApprover(s)
	if err != nil {
		return ApproverRef{}, err
	}
	return ref, nil
}

// QuoteText writes one line of visible text as a value that reads back as it
// is, in brackets too.
func QuoteText(s string) string { return writeScalar(s) }

// QuoteApprovers writes a list of people in brackets.
func QuoteApprovers(refs []ApproverRef) string {
	parts := make([]string, len(refs))
	for i, r := range refs {
		parts[i] = writeScalar(r.String())
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// WriteAccount returns the content of a new accounts/<slug>.yaml. It is read
// back: what cannot stand in a file is [Problems].
func WriteAccount(a Account) ([]byte, error) {
	lines := []string{
		`id: "` + a.ID + `"`, "name: " + writeScalar(a.Name), "stage: " + string(a.Stage), "ou: " + writeScalar(a.OU),
		"owners: " + QuoteApprovers(a.Owners),
	}
	if len(a.Tags) > 0 {
		var tags []string
		for _, k := range slices.Sorted(maps.Keys(a.Tags)) {
			tags = append(tags, writeScalar(k)+": "+writeScalar(a.Tags[k]))
		}
		lines = append(lines, "tags: {"+strings.Join(tags, ", ")+"}")
	}
	if a.Notify != "" {
		lines = append(lines, "notify: "+writeScalar(a.Notify))
	}
	out, path := joinLines(lines), accountsDir+"/"+a.Slug+".yaml"
	p, err := readWritten(path, accountKind, out)
	if err != nil {
		return nil, err
	}
	return written(path, out, a.same(p.account))
}

// same reports whether two files of an account say the same.
func (a *Account) same(b *Account) bool {
	return a.ID == b.ID && a.Name == b.Name && a.Stage == b.Stage && a.OU == b.OU && a.Notify == b.Notify &&
		slices.Equal(a.Owners, b.Owners) && maps.Equal(a.Tags, b.Tags)
}

// WritePeople returns the content of a new people.yaml, read back like that of
// [WriteAccount].
func WritePeople(f PeopleFile) ([]byte, error) {
	lines := []string{"people:"}
	for i := range f.People {
		p := &f.People[i]
		entry := [][2]string{{"entra", writeScalar(p.Entra)}, {"email", writeScalar(p.Email)}}
		if p.GitHub != nil {
			entry = append(entry, [2]string{"github", PersonLink{GitHub: *p.GitHub}.String()})
		}
		if p.Slack != nil {
			entry = append(entry, [2]string{"slack", PersonLink{Slack: *p.Slack}.String()})
		}
		lines = append(lines, "  - "+flowEntry(entry))
	}
	if len(f.Teams) > 0 {
		lines = append(lines, "teams:")
	}
	for _, slug := range slices.Sorted(maps.Keys(f.Teams)) {
		lines = append(lines, fmt.Sprintf("  %s: {id: %d}", writeScalar(slug), f.Teams[slug].ID))
	}
	out := joinLines(lines)
	p, err := readWritten(peoplePath, peopleKind, out)
	if err != nil {
		return nil, err
	}
	same := slices.Equal(f.texts(), p.people.texts()) && maps.EqualFunc(f.Teams, p.people.Teams, func(a, b Team) bool { return a.ID == b.ID })
	return written(peoplePath, out, same)
}

func joinLines(lines []string) []byte { return []byte(strings.Join(lines, "\n") + "\n") }

// readWritten decodes a file that was just written.
func readWritten(path string, kind fileKind, data []byte) (*parsed, error) {
	if len(data) > maxFileSize {
		return nil, Problems{{Position{File: path}, "larger than 1 MiB", "split it into several files"}}
	}
	p := decodeFile(path, kind, data)
	if len(p.problems) > 0 {
		return nil, p.problems
	}
	return p, nil
}

func written(path string, data []byte, same bool) ([]byte, error) {
	if !same {
		return nil, fmt.Errorf("write %s: %w", path, errReadBack)
	}
	return data, nil
}

var errReadBack = errors.New("it does not read back as it was written")
