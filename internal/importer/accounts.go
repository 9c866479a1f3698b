package importer

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"aws-access-bot/config"
)

// accounts writes a file for each active member that has none.
func (b *builder) accounts() error {
	b.members, b.skipped = map[string]Account{}, map[string]int{}
	for _, a := range b.snap.Accounts {
		b.members[a.ID] = a
	}
	have := byID(b.base)
	for _, id := range sortedKeys(have, strings.Compare) {
		b.compareAccount(have[id])
	}
	for _, id := range sortedKeys(b.members, strings.Compare) {
		a := b.members[id]
		switch {
		case id == b.snap.Organization.Management:
			b.leaveManagement()
		case a.State != Active:
			b.leaveInactive(a)
		case have[id] == nil:
			if err := b.newAccount(a); err != nil {
				return err
			}
		}
	}
	b.tellLegacyAccounts()
	b.leaveForeign()
	if err := b.reload(); err != nil {
		return fmt.Errorf("the new account files make the config repo invalid, so nothing is written: %w", wrongOwn(err))
	}
	return b.closeOpened()
}

// byID returns the accounts of a repo by account id.
func byID(r *config.Repo) map[string]*config.Account {
	out := make(map[string]*config.Account, len(r.Accounts))
	for _, a := range r.Accounts {
		out[a.ID] = a
	}
	return out
}

func (b *builder) leaveManagement() {
	id := b.snap.Organization.Management
	if n := b.entered[id]; n > 0 {
		b.skipped[id] = n
		b.tell(Finding{Code: CodeManagement, Subject: id,
			Text: fmt.Sprintf("%d assignment(s) in the management account %s are left out: the bot never touches it", n, id),
			Mend: "go on keeping them by hand"})
	}
}

func (b *builder) leaveInactive(a Account) {
	b.skipped[a.ID] = b.entered[a.ID]
	b.tell(Finding{Code: CodeAccountInactive, Subject: a.ID,
		Text: fmt.Sprintf("the account %s (%s) is %s and is left out, with %d assignment(s)", a.ID, shown(a.Name), shown(cmp.Or(a.State, "in an unknown state")), b.entered[a.ID])})
}

// leaveForeign leaves out what is live in accounts that left the organization.
func (b *builder) leaveForeign() {
	for _, id := range sortedKeys(b.entered, strings.Compare) {
		if _, ok := b.members[id]; !ok {
			b.skipped[id] = b.entered[id]
			b.tell(Finding{Code: CodeAccountGone, Subject: id,
				Text: fmt.Sprintf("%d assignment(s) in %s are left out: it is not in the organization", b.entered[id], shown(id)), Mend: "take them away in Identity Center"})
		}
	}
}

func (b *builder) tellLegacyAccounts() {
	if len(b.legacy) > 0 {
		b.tell(Finding{Code: CodeAccountLegacy,
			Text: fmt.Sprintf("nobody enters %d account(s) by Identity Center, so they are written as legacy and nothing can be granted in them: %s", len(b.legacy), some(b.legacy)),
			Mend: "write stage: sso when their people are to use Identity Center"})
	}
}

// compareAccount says what an account file has otherwise than Organizations.
func (b *builder) compareAccount(f *config.Account) {
	path := accountsDir + f.Slug + ".yaml"
	a, ok := b.members[f.ID]
	if !ok {
		b.tell(Finding{Code: CodeAccountGone, Subject: path,
			Text: fmt.Sprintf("%s is of %s, which is not in the organization", path, f.ID), Mend: "take the file away when nothing refers to it"})
		return
	}
	if a.State != Active || f.ID == b.snap.Organization.Management {
		return
	}
	var differs []string
	if f.Name != a.Name {
		differs = append(differs, "name "+shown(a.Name))
	}
	if ou := ouPath(a.OU); f.OU != ou {
		differs = append(differs, "ou "+shown(ou))
	}
	for _, k := range slices.Sorted(maps.Keys(f.Tags)) {
		if v, ok := a.Tags[k]; !ok || v != f.Tags[k] {
			differs = append(differs, "tag "+k+" "+shown(v))
		}
	}
	if len(differs) > 0 {
		b.tell(Finding{Code: CodeAccountDiffers, Subject: path,
			Text: fmt.Sprintf("%s is kept as it is; AWS Organizations has %s", path, strings.Join(differs, ", ")), Mend: "correct whichever is wrong"})
	}
}

func ouPath(names []string) string { return "/" + strings.Join(names, "/") }

// newAccount writes the file of an account, open as far as anybody enters it.
func (b *builder) newAccount(a Account) error {
	if why := refusedOU(a.OU); why != "" {
		b.skip(a, CodeAccountOU, "rename the OU in AWS Organizations and import again", "its OU %s cannot be written: %s", shown(ouPath(a.OU)), why)
		return nil
	}
	f := config.Account{ID: a.ID, Name: b.accountName(a), OU: ouPath(a.OU), Owners: b.owners(), Tags: b.tags(a), Stage: config.StageSSO}
	if b.base.Access.Phase.AllowsNewLegacy() && b.entered[a.ID] == 0 {
		f.Stage = config.StageLegacy
		b.legacy = append(b.legacy, a.ID+" ("+shown(a.Name)+")")
	}
	f.Slug = config.SlugFor(f.Name, f.ID, func(s string) bool { return b.taken(accountsDir + s + ".yaml") })
	return b.writeAccount(f)
}

func (b *builder) writeAccount(f config.Account) error {
	data, err := config.WriteAccount(f)
	if err != nil {
		return fmt.Errorf("account %s: %w", f.ID, wrongOwn(err))
	}
	b.write(accountsDir+f.Slug+".yaml", append([]byte(accountHead), data...))
	return nil
}

// accountHead stands above a new account file.
const accountHead = "# TODO: name the owners. Until then they are those of the control plane.\n"

// skip leaves an account out, with what is live in it.
func (b *builder) skip(a Account, code Code, mend, format string, args ...any) {
	b.skipped[a.ID] = b.entered[a.ID]
	b.tell(Finding{Code: code, Person: true, Subject: a.ID, Mend: mend,
		Text: fmt.Sprintf("the account %s (%s) is left out, with %d assignment(s): %s", a.ID, shown(a.Name), b.entered[a.ID], fmt.Sprintf(format, args...))})
}

// taken reports whether there is a file of that path.
func (b *builder) taken(p string) bool {
	_, old := b.base.Files[p]
	return old || b.fresh[p]
}

// refusedOU says why an OU cannot be written as a path. A name with a slash
// would read as two.
func refusedOU(names []string) string {
	for _, n := range names {
		if strings.Contains(n, "/") {
			return "a name in it has a slash"
		}
	}
	if err := config.CheckOU(ouPath(names)); err != nil {
		return err.Error()
	}
	return ""
}

// accountName returns a name that can stand in a file: as it is, or what is
// left of it, or the id. It is for people; the id says which account is meant.
func (b *builder) accountName(a Account) string {
	if config.CheckAccountName(a.Name) == nil {
		return a.Name
	}
	name := strings.Join(strings.FieldsFunc(strings.ToValidUTF8(a.Name, " "), func(r rune) bool {
		return r == ' ' || config.CheckAccountName(string(r)) != nil
	}), " ")
	if config.CheckAccountName(name) != nil {
		name = "account " + a.ID
	}
	b.tell(Finding{Code: CodeAccountName, Subject: a.ID,
		Text: fmt.Sprintf("the name %s of the account %s cannot stand in a file and is written as %s", shown(a.Name), a.ID, name),
		Mend: "rename the account in AWS, or leave it so"})
	return name
}

// tags returns those that can be written. Names that differ only in case are
// told apart by AWS and not by people.
func (b *builder) tags(a Account) map[string]string {
	out, folded := map[string]string{}, map[string]bool{}
	var left []string
	for _, k := range slices.Sorted(maps.Keys(a.Tags)) {
		fold := strings.ToLower(strings.ToUpper(k))
		if config.CheckTag(k, a.Tags[k]) != nil || folded[fold] {
			left = append(left, shown(k))
			continue
		}
		out[k], folded[fold] = a.Tags[k], true
	}
	if len(left) > 0 {
		b.tell(Finding{Code: CodeAccountTags, Subject: a.ID,
			Text: fmt.Sprintf("tags of the account %s (%s) that the config language does not have are left out: %s", a.ID, shown(a.Name), strings.Join(left, ", ")),
			Mend: "give them a value of letters, digits, spaces and _ . : / = + - @ if rules or selectors need them"})
	}
	return out
}

// closeOpened finds new accounts in which grants of the repo reach more than
// what is live: they must not be opened by the way.
func (b *builder) closeOpened() error {
	opened, have := map[string]bool{}, byID(b.repo)
	old := byID(b.base)
	for a := range b.absent(b.repo) {
		if old[a.Account] == nil {
			opened[a.Account] = true
		}
	}
	for _, id := range sortedKeys(opened, strings.Compare) {
		f := *have[id]
		b.withdraw(accountsDir + f.Slug + ".yaml")
		if !b.base.Access.Phase.AllowsNewLegacy() || b.enteredByKnown(id) {
			b.skip(b.members[id], CodeAccountOpened, "write its file by hand, with a pull request that shows who gains",
				"grants of the config repo that choose accounts by OU or tags would open it to groups that are not in it today")
			continue
		}
		f.Stage = config.StageLegacy
		b.tell(Finding{Code: CodeAccountOpened, Subject: id,
			Text: fmt.Sprintf("grants of the config repo that choose accounts by OU or tags would open the account %s (%s) to groups that are not in it today, so it is written as legacy", id, shown(f.Name)),
			Mend: "write stage: sso with a pull request that shows who gains"})
		if err := b.writeAccount(f); err != nil {
			return err
		}
	}
	if len(opened) == 0 {
		return nil
	}
	return b.reload()
}

// enteredByKnown reports whether a principal that can be written has access.
func (b *builder) enteredByKnown(account string) bool {
	for a := range b.live {
		if a.Account == account {
			return true
		}
	}
	return false
}
