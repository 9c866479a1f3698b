package config

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// PeoplePath is the path of people.yaml in the config repo.
const PeoplePath = peoplePath

// Errors of the edits of people.yaml that callers act on.
var (
	// ErrLinked says that the entry of the person says this already.
	ErrLinked = errors.New("people.yaml says this already")
	// ErrLinkTaken says that the account stands at another person.
	ErrLinkTaken = errors.New("the account is another person's in people.yaml")
)

// LinkSlack returns the content of people.yaml with a Slack user at the entry
// of the person with an Entra object id, in place of the one that stood there.
// Where there is no entry, one with the e-mail address is added at the end; an
// entry keeps its address. Nil content makes a new file. All other bytes stay.
// The result is read back: what would not be one to one or cannot be read is an
// error, [ErrLinked] or [ErrLinkTaken] where it is that, else [Problems].
func LinkSlack(content []byte, entra, email string, u SlackUser) ([]byte, error) {
	link := &PersonLink{Slack: u}
	out, err := link.apply(content, entra, email)
	if err != nil {
		return nil, fmt.Errorf("link the Slack user %s/%s: %w", u.Team, u.User, err)
	}
	return out, nil
}

// LinkGitHub is [LinkSlack] for a GitHub account.
func LinkGitHub(content []byte, entra, email string, u GitHubUser) ([]byte, error) {
	link := &PersonLink{GitHub: u}
	out, err := link.apply(content, entra, email)
	if err != nil {
		return nil, fmt.Errorf("link the GitHub account %s: %w", u.Login, err)
	}
	return out, nil
}

// PersonLink is one account of a person: a Slack user, or a GitHub account. The
// other is zero.
type PersonLink struct {
	Slack  SlackUser  `json:"slack,omitzero"`
	GitHub GitHubUser `json:"github,omitzero"`
}

// Key is the key of the link in an entry of people.yaml.
func (l PersonLink) Key() string {
	if l.Slack != (SlackUser{}) {
		return "slack"
	}
	return "github"
}

// String is the link as people.yaml writes it, without its key.
func (l PersonLink) String() string { return flowEntry(l.fields()) }

// fields returns the keys and values of the link as they are written.
func (l PersonLink) fields() [][2]string {
	if l.Slack != (SlackUser{}) {
		return [][2]string{{"team", writeScalar(l.Slack.Team)}, {"user", writeScalar(l.Slack.User)}}
	}
	return [][2]string{{"login", writeScalar(l.GitHub.Login)}, {"id", strconv.FormatInt(l.GitHub.ID, 10)}}
}

// Of returns the link of the same kind that a person has, and whether there is
// one.
func (l PersonLink) Of(p *Person) (PersonLink, bool) {
	switch {
	case p == nil:
	case l.Key() == "slack" && p.Slack != nil:
		return PersonLink{Slack: *p.Slack}, true
	case l.Key() == "github" && p.GitHub != nil:
		return PersonLink{GitHub: *p.GitHub}, true
	}
	return PersonLink{}, false
}

// Same reports whether two links name the same account. A GitHub account is
// known by its number.
func (l PersonLink) Same(o PersonLink) bool {
	return l.Slack == o.Slack && l.GitHub.ID == o.GitHub.ID
}

// Apply returns the content of people.yaml with the link, as [LinkSlack] and
// [LinkGitHub] do.
func (l PersonLink) Apply(content []byte, entra, email string) ([]byte, error) {
	if l.Key() == "slack" {
		return LinkSlack(content, entra, email, l.Slack)
	}
	return LinkGitHub(content, entra, email, l.GitHub)
}

// apply makes the edit and reads it back.
func (l PersonLink) apply(content []byte, entra, email string) ([]byte, error) {
	who := l.on(Person{Entra: strings.ToLower(entra), Email: strings.ToLower(email)})
	if content == nil {
		out := []byte("people:\n  - " + flowEntry(who.entry(l)) + "\n")
		return readBack(out, []string{who.text()}, nil)
	}
	before, err := newPeopleEditor(content)
	if err != nil {
		return nil, err
	}
	people := before.people.People
	at := slices.IndexFunc(people, func(p Person) bool { return p.Entra == who.Entra })
	for i := range people {
		has, ok := l.Of(&people[i])
		switch {
		case !ok || !l.collides(has):
		case i != at:
			return nil, ErrLinkTaken
		case l == has:
			return nil, ErrLinked
		}
	}
	want := before.people.texts()
	if at < 0 {
		return readBack(before.addPerson(who.entry(l)), append(want, who.text()), before.people.Teams)
	}
	who = l.on(people[at])
	want[at] = who.text()
	return readBack(before.setLink(at, l), want, before.people.Teams)
}

// readBack returns what was written if it reads as these people and teams.
func readBack(out []byte, people []string, teams map[string]Team) ([]byte, error) {
	e, err := newPeopleEditor(out)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(e.people.texts(), people) || !maps.EqualFunc(e.people.Teams, teams, func(a, b Team) bool { return a.ID == b.ID }) {
		return nil, errors.New("people.yaml does not read back as it was written")
	}
	return out, nil
}

// entry returns the keys and values of a new entry with a link.
func (p *Person) entry(l PersonLink) [][2]string {
	return [][2]string{{"entra", writeScalar(p.Entra)}, {"email", writeScalar(p.Email)}, {l.Key(), l.String()}}
}

// collides reports whether two links could not stand at two people.
func (l PersonLink) collides(o PersonLink) bool {
	return l.Key() == "slack" && l.Slack == o.Slack ||
		l.Key() == "github" && (l.GitHub.ID == o.GitHub.ID || strings.EqualFold(l.GitHub.Login, o.GitHub.Login))
}

// on returns a person with the link.
func (l PersonLink) on(p Person) Person {
	if l.Key() == "slack" {
		p.Slack = &l.Slack
	} else {
		p.GitHub = &l.GitHub
	}
	return p
}

func (p *Person) text() string { return p.Entra + " " + personText(p) }

func (p *PeopleFile) texts() []string {
	out := make([]string, 0, len(p.People)+1)
	for i := range p.People {
		out = append(out, p.People[i].text())
	}
	return out
}

// peopleEditor is a valid people.yaml with the positions of its list.
type peopleEditor struct {
	editor
	people *PeopleFile
}

func newPeopleEditor(content []byte) (*peopleEditor, error) {
	if len(content) > maxFileSize {
		return nil, Problems{{Position{File: peoplePath}, "larger than 1 MiB", "take out who has left"}}
	}
	f := openFile(peoplePath, content)
	if f.root == nil {
		return nil, f.problems.sorted()
	}
	e := &peopleEditor{editor: editor{source: f.source, root: f.root, eol: "\n"}, people: f.peopleFile(f.root)}
	if len(f.problems) > 0 {
		return nil, f.problems.sorted()
	}
	if i := bytes.IndexByte(content, '\n'); i > 0 && content[i-1] == '\r' {
		e.eol = "\r\n"
	}
	for i := 0; i+1 < len(f.root.Content); i += 2 {
		if f.root.Content[i].Value == "people" {
			e.key, e.list = f.root.Content[i], f.root.Content[i+1]
		}
	}
	return e, nil
}

// addPerson writes an entry at the end of the list, on one line where the last
// one is in brackets.
func (e *peopleEditor) addPerson(entry [][2]string) []byte {
	last := len(e.list.Content) - 1
	if e.list.Style&yaml.FlowStyle != 0 || e.list.Content[last].Style&yaml.FlowStyle == 0 {
		return e.add(entry)
	}
	_, end := e.blockExtent(last)
	return e.insertLines(end, []string{strings.Repeat(" ", e.list.Column-1) + "- " + flowEntry(entry)})
}

// setLink writes a link into an entry: as its last key, or over the values of
// the link that it has.
func (e *peopleEditor) setLink(at int, l PersonLink) []byte {
	item := e.list.Content[at]
	for i := 0; i+1 < len(item.Content); i += 2 {
		if item.Content[i].Value == l.Key() {
			return e.replaceFields(item.Content[i+1], l.fields())
		}
	}
	last := item.Content[len(item.Content)-1]
	text := l.Key() + ": " + l.String()
	if item.Style&yaml.FlowStyle != 0 {
		return e.insert(e.end(last), ", "+text)
	}
	return e.insertLines(e.nextLine(e.end(last)), []string{strings.Repeat(" ", item.Column-1) + text})
}

// replaceFields writes other values into a mapping, from the last one on, so
// that the offsets of those before stay.
func (e *peopleEditor) replaceFields(n *yaml.Node, fields [][2]string) []byte {
	out := e.data
	for i := len(n.Content) - 2; i >= 0; i -= 2 {
		value := n.Content[i+1]
		from := e.start(value)
		to, _ := e.scalarEnd(value)
		for _, f := range fields {
			if f[0] == n.Content[i].Value {
				out = slices.Concat(out[:from], []byte(f[1]), out[to:])
			}
		}
	}
	return out
}
