package review

import (
	"slices"
	"strings"
	"testing"
)

// Two accounts of the example, and what stands in their files.
const (
	devAccount, prodAccount = "accounts/payments-dev.yaml", "accounts/payments-prod.yaml"
	devID, prodID           = "111122224444", "111122223333"
)

// TestAccountsThatTookEachOthersIdsAreNamed: what the refusal says is what mends
// it, and the usual mend of what is mixed, which cannot be followed here, is not
// given.
func TestAccountsThatTookEachOthersIdsAreNamed(t *testing.T) {
	t.Parallel()
	base := exampleTree(t)
	swapped := base.with(t, devAccount, devID, prodID).with(t, prodAccount, prodID, devID)
	v := Evaluate(input(t, base, swapped))
	text := ""
	for _, f := range v.Refused {
		if f.Code == RefusedMixed {
			text = f.Sentence
		}
	}
	for _, want := range []string{
		devAccount + " has the id " + prodID + " now, which " + prodAccount + " had",
		prodAccount + " has the id " + devID + " now, which " + devAccount + " had",
		"put the ids back: " + devID + " into " + devAccount + ", " + prodID + " into " + prodAccount,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the refusal does not say %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "Make it two pull requests") {
		t.Errorf("the refusal gives a mend that mends nothing:\n%s", text)
	}
	back := swapped.with(t, devAccount, prodID, devID).with(t, prodAccount, devID, prodID)
	if in := input(t, base, back); !in.Change.Empty() {
		t.Errorf("with the ids back there is a change: %+v", in.Change)
	}
}

// exchanged are the files of two accounts under each other's names, with the
// entries that name them: no assignment changes.
func exchanged(base tree) tree {
	after := base.plus(devAccount, base[prodAccount]).plus(prodAccount, base[devAccount])
	for path, text := range base {
		if strings.HasPrefix(path, "groups/") || strings.HasPrefix(path, "users/") {
			after = after.plus(path, strings.NewReplacer("account: payments-dev", "account: payments-prod", "account: payments-prod", "account: payments-dev").Replace(text))
		}
	}
	return after
}

// TestFilesThatExchangeTheirNamesAreTheControlPlanes: no assignment changes, and
// from then on a request for one account would be for the other.
func TestFilesThatExchangeTheirNamesAreTheControlPlanes(t *testing.T) {
	t.Parallel()
	base := exampleTree(t)
	after := exchanged(base)
	in := byHand(input(t, base, after), taro)
	if c := in.Change; len(c.Added)+len(c.Removed)+len(c.Content) > 0 || len(c.Control) != 2 {
		t.Fatalf("the change: %+v", c)
	}
	if v := Evaluate(in); v.Pass || len(v.Refused) > 0 || !slices.Equal(missing(v), []string{"control-plane/control plane"}) {
		t.Errorf("pass %v, refused %v, missing %q", v.Pass, v.Refused, missing(v))
	}
	in.Reviews = []Review{approved(ken), approved(lena)}
	if v := Evaluate(in); !v.Pass {
		t.Errorf("not with the control plane: %q", Sentences(v, in.Base, in.Head))
	}
	if got := AccountName(prodID, in.Base, in.Head); got != "payments-prod (file payments-dev, …3333)" {
		t.Errorf("the account is called %q", got)
	}
}

// TestAnAccountFileThatTookTheIdOfADeletedOneSaysWhereTheIdBelongs.
func TestAnAccountFileThatTookTheIdOfADeletedOneSaysWhereTheIdBelongs(t *testing.T) {
	t.Parallel()
	base := exampleTree(t)
	for path, text := range base {
		if strings.HasPrefix(path, "groups/") {
			base = base.plus(path, strings.ReplaceAll(text, "account: payments-prod", "account: payments-dev"))
		}
	}
	after := base.with(t, devAccount, devID, prodID).plus(prodAccount, "")
	v := Evaluate(input(t, base, after))
	for _, f := range v.Refused {
		if f.Code == RefusedMixed && strings.Contains(f.Sentence, "put the ids back: "+devID+" into "+devAccount+", "+prodID+" into "+prodAccount+", as that file was") {
			return
		}
	}
	t.Errorf("refused %+v", v.Refused)
}
