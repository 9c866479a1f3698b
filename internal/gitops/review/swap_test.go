package review

import (
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

// TestFilesThatExchangeTheirNamesAreNoChange, as the refusal of exchanged ids
// says: the files whole, and the entries that name them.
func TestFilesThatExchangeTheirNamesAreNoChange(t *testing.T) {
	t.Parallel()
	base := exampleTree(t)
	after := base.plus(devAccount, base[prodAccount]).plus(prodAccount, base[devAccount])
	for path, text := range base {
		if strings.HasPrefix(path, "groups/") || strings.HasPrefix(path, "users/") {
			after = after.plus(path, strings.NewReplacer("account: payments-dev", "account: payments-prod", "account: payments-prod", "account: payments-dev").Replace(text))
		}
	}
	if in := input(t, base, after); !in.Change.Empty() {
		t.Errorf("there is a change: %+v", in.Change)
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
