package config

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxReason is the longest reason of a grant, in characters.
const MaxReason = 500

// refusedRune says why a character may not stand in a file, or returns "".
// What is refused cannot be seen, or changes how what stands around it is
// seen (Unicode categories Cc, Cf, Co, Cs, and what is ignored by default).
func refusedRune(r rune) string {
	switch {
	case r >= ' ' && r < 0x7f:
		return ""
	case r == '\t':
		return "a tab"
	case r == 0xfeff:
		return "a byte order mark"
	case r == utf8.RuneError:
		return "a replacement character"
	case unicode.Is(unicode.Cc, r):
		return "a control character"
	case unicode.Is(unicode.Bidi_Control, r):
		return "a character that changes the direction of text"
	case unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point), r == 0x2800:
		return "an invisible character"
	case unicode.In(r, unicode.Co, unicode.Cs, unicode.Noncharacter_Code_Point):
		return "a private or unassigned character"
	case unicode.In(r, unicode.Zl, unicode.Zp):
		return "a line separator"
	case unicode.Is(unicode.Variation_Selector, r) && r != 0xfe0e && r != 0xfe0f:
		return "an invisible character"
	}
	return ""
}

// CheckText says whether free text (a reason, a description) can stand in a
// config file: one line of visible characters, at most max of them, with
// something to read in it. The error is a [Refusal].
func CheckText(s string, max int) error {
	if !utf8.ValidString(s) {
		return &Refusal{"the text is not UTF-8", "save it as UTF-8"}
	}
	if strings.TrimSpace(s) == "" {
		return &Refusal{"the text is empty", "write at least one word"}
	}
	if n := utf8.RuneCountInString(s); n > max {
		return &Refusal{fmt.Sprintf("the text has %d characters", n), fmt.Sprintf("use at most %d", max)}
	}
	for _, r := range s {
		if r == '\n' || r == '\r' {
			return &Refusal{"the text has more than one line", "write it on one line"}
		}
		if why := refusedRune(r); why != "" {
			return &Refusal{fmt.Sprintf("the text has %s (%U)", why, r), "remove it"}
		}
	}
	return nil
}

// checkName is CheckText for names that people compare by eye: no space at
// either end, no character that has a composed form (so the name is in NFC as
// far as Latin, kana and Hangul go), and no word of mixed look-alike scripts.
func checkName(s string, max int) error {
	if err := CheckText(s, max); err != nil {
		return err
	}
	if strings.TrimSpace(s) != s {
		return &Refusal{"the name begins or ends with a space", "remove it"}
	}
	for _, r := range s {
		if decomposed(r) {
			return &Refusal{fmt.Sprintf("the name has a combining or compatibility character (%U)", r), "write it in composed form (NFC)"}
		}
		if unicode.IsSpace(r) && r != ' ' && r != 0x3000 {
			return &Refusal{fmt.Sprintf("the name has an unusual space (%U)", r), "use an ordinary space"}
		}
	}
	for word := range strings.FieldsFuncSeq(s, func(r rune) bool { return !unicode.IsLetter(r) }) {
		if a, b := mixedScripts(word); a != "" {
			return &Refusal{fmt.Sprintf("the word %q mixes %s and %s letters", word, a, b), "use letters of one script"}
		}
	}
	return nil
}

// decomposed reports characters that composed text does not have: the
// combining marks of Latin, Greek and Cyrillic, of kana, Hangul jamo, and the
// three letter-like signs that are only other codes for a letter.
func decomposed(r rune) bool {
	switch {
	case r < 0x300:
		return false
	case r <= 0x36f, r == 0x3099, r == 0x309a, r >= 0x1100 && r <= 0x11ff:
		return true
	}
	return r == 0x2126 || r == 0x212a || r == 0x212b
}

// mixedScripts returns two scripts with letters alike that both occur in the
// word, or two empty strings.
func mixedScripts(word string) (string, string) {
	alike := []struct {
		name  string
		table *unicode.RangeTable
	}{
		{"Latin", unicode.Latin}, {"Greek", unicode.Greek}, {"Cyrillic", unicode.Cyrillic},
		{"Armenian", unicode.Armenian}, {"Cherokee", unicode.Cherokee}, {"Coptic", unicode.Coptic},
	}
	first := ""
	for _, r := range word {
		if r < utf8.RuneSelf {
			if first == "" {
				first = "Latin"
			} else if first != "Latin" {
				return first, "Latin"
			}
			continue
		}
		for _, s := range alike {
			if !unicode.Is(s.table, r) {
				continue
			}
			if first != "" && first != s.name {
				return first, s.name
			}
			first = s.name
		}
	}
	return "", ""
}

// Shapes of identifiers. The sources are the API references of the services:
// permission set names and organization ids of AWS, login names of GitHub,
// workspace and user ids of Slack.
var (
	uuidShape          = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	accountIDShape     = regexp.MustCompile(`^[0-9]{12}$`)
	organizationShape  = regexp.MustCompile(`^o-[a-z0-9]{10,32}$`)
	regionShape        = regexp.MustCompile(`^[a-z]{2,3}(-[a-z]+)+-[0-9]{1,2}$`)
	permissionSetShape = regexp.MustCompile(`^[\w+=,.@-]{1,32}$`)
	roleNameShape      = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)
	policyShape        = limited{regexp.MustCompile(`^arn:aws(-[a-z]+)*:iam::aws:policy/[\w+=,.@/-]+$`), 2048}
	emailShape         = regexp.MustCompile(`^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+$`)
	loginShape         = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_-]{0,98}[A-Za-z0-9])?$`)
	teamShape          = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,99}$`)
	slackTeamShape     = regexp.MustCompile(`^[TE][A-Z0-9]{2,20}$`)
	slackUserShape     = regexp.MustCompile(`^[UW][A-Z0-9]{2,20}$`)
	requestShape       = regexp.MustCompile(`^REQ-[0-9A-HJKMNP-TV-Z]{6}$`)
	commitShape        = regexp.MustCompile(`^[0-9a-f]{40}$`)
	percentShape       = regexp.MustCompile(`^[0-9]{1,3}(\.[0-9]{1,2})?%$`)
	countShape         = regexp.MustCompile(`^(0|[1-9][0-9]{0,17})$`)
	channelShape       = regexp.MustCompile(`^[!-~]{1,200}$`)
	tagShape           = limited{regexp.MustCompile(`^[\p{L}\p{N} _.:/=+@-]+$`), 256}
)

// isSlug reports whether s is a file name of this repo without its extension:
// [a-z0-9][a-z0-9-]{0,62}.
func isSlug(s string) bool {
	if s == "" || len(s) > maxSlug || s[0] == '-' {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// maxOUDepth is how deep organizational units nest under the root
// (quotas of AWS Organizations).
const maxOUDepth = 5

// checkOU says whether s is the path of an organizational unit: "/" for the
// root, otherwise names joined and led by "/".
func checkOU(s string) error {
	if s == "/" {
		return nil
	}
	if !strings.HasPrefix(s, "/") {
		return &Refusal{fmt.Sprintf("%q is not an OU path", s), "begin it with /, like /Workloads/Prod"}
	}
	names := strings.Split(s[1:], "/")
	if len(names) > maxOUDepth {
		return &Refusal{fmt.Sprintf("%q is deeper than %d levels", s, maxOUDepth), "AWS Organizations nests OUs five deep"}
	}
	for _, name := range names {
		if name == "" {
			return &Refusal{fmt.Sprintf("%q has an empty OU name", s), "write it like /Workloads/Prod, without a / at the end"}
		}
		if err := checkName(name, 128); err != nil {
			return err
		}
	}
	return nil
}

// OUContains reports whether the OU child is parent or lies below it. Both are
// paths like "/Workloads/Prod"; "/" contains every OU.
func OUContains(parent, child string) bool {
	return parent == "/" || parent == child || strings.HasPrefix(child, parent+"/")
}

// limited is an expression with a limit on the length, in characters. Counted
// repetitions of large classes take long to compile, at every start.
type limited struct {
	re   *regexp.Regexp
	most int
}

// MatchString reports whether s is not too long and matches.
func (l limited) MatchString(s string) bool {
	return utf8.RuneCountInString(s) <= l.most && l.re.MatchString(s)
}
