package modeltest_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// item is one piece of a file: what the model knows of the config is made of
// items, and the files are written from them. Nothing here reads YAML. Items
// are comparable.
type item interface {
	// id names the item within its file, text is how it is written.
	id() string
	text() string
}

// fixed is a piece that never changes.
type fixed struct{ name, line string }

func (f fixed) id() string   { return f.name }
func (f fixed) text() string { return f.line + "\n" }

// owners are the owners of an account or a group, "a,b".
type owners struct{ refs string }

func (o owners) id() string   { return "owners" }
func (o owners) text() string { return "owners: [" + strings.ReplaceAll(o.refs, ",", ", ") + "]\n" }

// tag is a tag of an account.
type tag struct{ key, value string }

func (t tag) id() string   { return "tag " + t.key }
func (t tag) text() string { return "  " + t.key + ": " + t.value + "\n" }

// rule is an approval rule whose count may be edited; "control" is the control
// plane.
type rule struct {
	name  string
	count int
}

func (r rule) id() string   { return "rule " + r.name }
func (r rule) text() string { return fmt.Sprintf(ruleText[r.name], r.count) }

// ruleText has the rules as they are written.
var ruleText = map[string]string{
	"admin":   "  - name: admin\n    match: {permission_sets: [AdministratorAccess], tags: {env: prod}}\n    all_of:\n      - {approvers: [account-owners], count: 1}\n      - {approvers: [team:security], count: %d}\n    max_duration: 8h\n",
	"power":   "  - name: power\n    match: {permission_sets: [PowerUserAccess]}\n    approvers: [team:security]\n    count: %d\n    standing: true\n",
	"read":    "  - name: read\n    match: {permission_sets: [ReadOnlyAccess]}\n    approvers: [account-owners]\n    count: %d\n    standing: true\n",
	"rest":    "  - name: rest\n    match: {}\n    approvers: [control-plane]\n    count: %d\n    max_duration: 24h\n",
	"bill":    "  - name: bill\n    match: {permission_sets: [Billing]}\n    approvers: [requester-manager, \"team:leads\"]\n    count: %d\n    max_duration: 24h\n    requesters: [\"team:platform\", \"team:security\", \"group:aws-dev\"]\n",
	"control": "control_plane: {approvers: [team:platform], count: %d}\n",
}

// person links somebody of the cast.
type person struct{ name string }

func (p person) id() string { return "person " + p.name }
func (p person) text() string {
	c := cast[p.name]
	return fmt.Sprintf("  - {entra: %s, email: %s, github: {login: %s, id: %d}}\n", c.entra, c.email(), c.name, c.id)
}

// entry is a line of access of a group: for an account, or for all of a team.
type entry struct {
	account, team string
	set           string
	hours         int // 0: standing
	reason        string
	request       string
}

// key is the grant without its reason.
func (e entry) key() string {
	return fmt.Sprintf("%s/%s/%s/%d/%s", e.account, e.team, e.set, e.hours, e.request)
}
func (e entry) id() string { return "entry " + e.key() }
func (e entry) text() string {
	var b strings.Builder
	if e.team != "" {
		fmt.Fprintf(&b, "  - accounts: {tags: {team: %s}}\n", e.team)
	} else {
		fmt.Fprintf(&b, "  - account: %s\n", e.account)
	}
	fmt.Fprintf(&b, "    permission_set: %s\n", e.set)
	if e.hours > 0 {
		fmt.Fprintf(&b, "    duration: %dh\n", e.hours)
	}
	fmt.Fprintf(&b, "    reason: %s\n", e.reason)
	if e.request != "" {
		fmt.Fprintf(&b, "    request: %s\n", e.request)
	}
	return b.String()
}

func (e entry) term() string {
	if e.hours == 0 {
		return "standing"
	}
	return fmt.Sprintf("%dh", e.hours)
}

// file is a file of the config repo; it is never changed.
type file struct {
	items []item
	text  string
}

func newFile(path string, items []item) *file {
	var b strings.Builder
	n := 0
	for _, it := range items {
		if _, ok := it.(entry); ok && n == 0 {
			b.WriteString("access:\n")
			n++
		}
		b.WriteString(it.text())
	}
	if strings.HasPrefix(path, "groups/") && n == 0 {
		b.WriteString("access: []\n")
	}
	return &file{items: items, text: b.String()}
}

func (f *file) entries() []entry {
	var out []entry
	for _, it := range f.items {
		if e, ok := it.(entry); ok {
			out = append(out, e)
		}
	}
	return out
}

// state is what a commit means: its files by path.
type state map[string]*file

// edit returns a state with the items of a file changed.
func (s state) edit(path string, f func([]item) []item) state {
	out := maps.Clone(s)
	var items []item
	if old := s[path]; old != nil {
		items = slices.Clone(old.items)
	} else {
		items = groupHeader(strings.TrimSuffix(strings.TrimPrefix(path, "groups/"), ".yaml"), "")
	}
	out[path] = newFile(path, f(items))
	return out
}

// put replaces the item of the same id, or adds one at the end.
func put(it item) func([]item) []item {
	return func(items []item) []item {
		for i := range items {
			if items[i].id() == it.id() {
				items[i] = it
				return items
			}
		}
		return append(items, it)
	}
}

// drop takes out an item.
func drop(id string) func([]item) []item {
	return func(items []item) []item {
		return slices.DeleteFunc(items, func(it item) bool { return it.id() == id })
	}
}

// equal reports equal files.
func equal(a, b state) bool { return len(differing(a, b)) == 0 }

// differing returns the paths that differ, sorted.
func differing(a, b state) []string {
	var out []string
	for p, f := range a {
		if g := b[p]; g == nil || g.text != f.text {
			out = append(out, p)
		}
	}
	for p := range b {
		if a[p] == nil {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return out
}

// merge is what both sides changed since base; a file that both changed is put
// together by its items. It may be wrong where lines conflict: whoever uses it
// compares it with what GitHub made.
func merge(base, ours, theirs state) state {
	out := maps.Clone(ours)
	for _, p := range differing(base, theirs) {
		switch b, o, t := base[p], ours[p], theirs[p]; {
		case sameFile(b, o) || sameFile(o, t):
			if t == nil {
				delete(out, p)
			} else {
				out[p] = t
			}
		case o != nil && t != nil:
			out[p] = newFile(p, mergeItems(b, o, t))
		}
	}
	return out
}

func sameFile(a, b *file) bool {
	return a == b || a != nil && b != nil && a.text == b.text
}

func mergeItems(base, ours, theirs *file) []item {
	was := map[string]item{}
	if base != nil {
		for _, it := range base.items {
			was[it.id()] = it
		}
	}
	other := map[string]item{}
	for _, it := range theirs.items {
		other[it.id()] = it
	}
	var out []item
	seen := map[string]bool{}
	for _, it := range ours.items {
		id := it.id()
		seen[id] = true
		t, kept := other[id]
		switch {
		case was[id] != nil && !kept:
			// removed by them
		case kept && was[id] != nil && was[id] == it:
			out = append(out, t)
		default:
			out = append(out, it)
		}
	}
	for n, it := range theirs.items {
		if id := it.id(); !seen[id] && was[id] == nil {
			out = slices.Insert(out, place(out, theirs.items, n), it)
		}
	}
	return out
}

// place is where an item that only the other side has comes to stand: where it
// stands there, or behind all that ours has if it is the last one.
func place(out, theirs []item, n int) int {
	if n > 0 && n < len(theirs)-1 {
		before := theirs[n-1].id()
		if i := slices.IndexFunc(out, func(it item) bool { return it.id() == before }); i >= 0 {
			return i + 1
		}
	}
	return len(out)
}

// member is somebody of the cast. The login is the name.
type member struct {
	name, entra string
	id          int64
}

func (m member) email() string { return m.name + "@example.com" }

// The cast. Stranger and boss are not linked at first, rio has no GitHub.
var (
	castNames = []string{"yuki", "taro", "mio", "sam", "ken", "lena", "kim", "hana", "stranger", "boss", "rio"}
	linkedAt0 = []string{"yuki", "taro", "mio", "sam", "ken", "lena", "kim", "hana"}
	// askers ask in chat.
	askers = []string{"hana", "yuki", "mio", "ken", "rio", "sam"}
	cast   = makeCast()
)

func makeCast() map[string]member {
	out := map[string]member{}
	for i, n := range castNames {
		out[n] = member{n, fmt.Sprintf("3c1d9a70-0000-4000-8000-0000000000%02d", 21+i), int64(1001 + i)}
	}
	return out
}

var (
	accountIDs = map[string]string{"alpha": "111122220001", "beta": "111122220002", "gamma": "111122220003"}
	accounts   = []string{"alpha", "beta", "gamma"}
	groupIDs   = map[string]string{
		"aws-dev": "0b7e3f4c-0000-4000-8000-000000000011", "aws-ops": "0b7e3f4c-0000-4000-8000-000000000012",
		"aws-new": "0b7e3f4c-0000-4000-8000-000000000013", // has no file at first
	}
	groups  = []string{"aws-dev", "aws-ops", "aws-new"}
	sets    = []string{"ReadOnlyAccess", "PowerUserAccess", "AdministratorAccess", "Billing"}
	teamIDs = map[string]int64{"security": 501, "platform": 502, "leads": 503}
	teams   = []string{"leads", "platform", "security"}
)

func groupPath(g string) string   { return "groups/" + g + ".yaml" }
func accountPath(a string) string { return "accounts/" + a + ".yaml" }

const (
	accessPath = "aws-access.yaml"
	peoplePath = "people.yaml"
)

func groupHeader(slug, owner string) []item {
	items := []item{fixed{"id", "id: " + groupIDs[slug]}, fixed{"name", "name: " + slug}}
	if owner != "" {
		items = append(items, owners{owner})
	}
	return items
}

func accountItems(slug, who, env, team string) []item {
	return []item{
		fixed{"id", `id: "` + accountIDs[slug] + `"`}, fixed{"name", "name: " + slug}, fixed{"stage", "stage: sso"},
		fixed{"ou", "ou: /Workloads"}, owners{who}, fixed{"tags", "tags:"}, tag{"env", env}, tag{"team", team},
	}
}

// seed is the first state.
func seed() state {
	s := state{}
	add := func(path string, items []item) { s[path] = newFile(path, items) }
	add(accessPath, []item{
		fixed{"top", "version: 1\nphase: 1\norganization: {id: o-a1b2c3d4e5, management_account: \"999999999999\"}\n" +
			"identity_center: {region: ap-northeast-1, start_url: https://d-9567000000.awsapps.com/start}\n" +
			"entra: {app: 5b0c0f5e-0000-4000-8000-000000000001}\nmerge: people\napprovals:"},
		rule{"admin", 1}, rule{"power", 1}, rule{"read", 1}, rule{"bill", 1}, rule{"rest", 1},
		rule{"control", 2},
		fixed{"limits", "limits: {removals: 10%, start_by: 72h}\nprotected: [{group: aws-ops, permission_set: AdministratorAccess}]\ndrift: report"},
	})
	people := []item{fixed{"people", "people:"}}
	for _, n := range linkedAt0 {
		people = append(people, person{n})
	}
	lines := "teams:"
	for _, t := range teams {
		lines += fmt.Sprintf("\n  %s: {id: %d}", t, teamIDs[t])
	}
	add(peoplePath, append([]item{fixed{"teams", lines}}, people...))
	add(accountPath("alpha"), accountItems("alpha", "yuki@example.com,sam@example.com", "prod", "pay"))
	add(accountPath("beta"), accountItems("beta", "taro@example.com", "dev", "pay"))
	add(accountPath("gamma"), accountItems("gamma", "team:leads", "prod", "data"))
	add(groupPath("aws-dev"), append(groupHeader("aws-dev", "taro@example.com"),
		entry{account: "beta", set: "PowerUserAccess", reason: "seed"}, entry{team: "pay", set: "ReadOnlyAccess", reason: "seed"}))
	add(groupPath("aws-ops"), append(groupHeader("aws-ops", "ken@example.com"),
		entry{account: "gamma", set: "ReadOnlyAccess", reason: "seed"}, entry{team: "data", set: "AdministratorAccess", hours: 4, reason: "seed"}))
	return s
}
