package identitycenter_test

import (
	"errors"
	"testing"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"

	"github.com/google/go-cmp/cmp"
)

// TestWhoIsBehindAnID: by name and Entra id, whether SCIM made him, a person did,
// or nobody has the id; and what cannot be asked is an error and no absence.
func TestWhoIsBehindAnID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.user(hana, "hana@example.com", true)
	hand, err := w.AddGroup("made-by-hand")
	w.must(err)
	tests := []struct {
		name  string
		kind  config.PrincipalKind
		id    string
		want  provision.Identity
		found bool
	}{
		{"a group", config.GroupPrincipal, w.group, provision.Identity{ExternalID: entraID, Name: "aws-payments"}, true},
		{"a user", config.UserPrincipal, user, provision.Identity{ExternalID: hana, Name: "hana@example.com"}, true},
		{"a group that a person made", config.GroupPrincipal, hand, provision.Identity{Name: "made-by-hand"}, true},
		{"nobody", config.GroupPrincipal, w.group[:len(w.group)-12] + "000000000000", provision.Identity{}, false},
	}
	for _, learnt := range []bool{false, true} {
		c := w.client()
		if learnt {
			if _, found, err := c.FindGroup(t.Context(), entraID, "", "aws-payments"); err != nil || !found {
				t.Fatal(found, err)
			}
		}
		for _, tt := range tests {
			got, found, err := c.Describe(t.Context(), tt.kind, tt.id)
			if diff := cmp.Diff(tt.want, got); err != nil || found != tt.found || diff != "" {
				t.Errorf("%s, issuer known %v: %v %v %s", tt.name, learnt, found, err, diff)
			}
		}
	}
	// Of another issuer than the one that was learnt it is not Entra's word.
	c := w.client()
	if _, _, err := c.FindGroup(t.Context(), entraID, "", "aws-payments"); err != nil {
		t.Fatal(err)
	}
	w.answer("DescribeGroup", 200, `{"GroupId":"g","DisplayName":"g","ExternalIds":[{"Issuer":"https://scim.aws.com/another","Id":"`+entraID+`"}]}`)
	if got, _, err := c.Describe(t.Context(), config.GroupPrincipal, "g"); err != nil || got.ExternalID != "" {
		t.Errorf("of another issuer: %+v, %v", got, err)
	}
	w.refuse("DescribeGroup", "AccessDeniedException")
	if _, found, err := c.Describe(t.Context(), config.GroupPrincipal, w.group); !errors.Is(err, fault.ErrDenied) || found {
		t.Errorf("refused: %v, %v", found, err)
	}
}
