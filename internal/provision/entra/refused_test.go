package entra_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/graphemu"
)

func TestMembersThatOnDemandProvisioningDoesNotTakeAreNamedWithTheReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const prince = "3c1d9a70-0000-4000-8000-000000000053"
	_, err := w.AddUser(graphemu.User{ID: prince, DisplayName: "Prince", GivenName: "Prince", UserPrincipalName: "prince@example.com"})
	w.must(err)
	w.must(w.AddMember(devs, prince))
	_, err = w.Assign(devs)
	w.must(err)
	w.pass(5 * time.Minute)
	got, err := w.client().ProvisionOnDemand(t.Context(), group(devs), []string{hana, prince})
	if err != nil || !got.OK || !strings.Contains(got.Refused, prince) || !strings.Contains(got.Refused, "name.familyName") || strings.Contains(got.Refused, hana) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func expiredTokenIsSaidInWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answer(opProvision, 200, `{"key":"{\"result\":\"Failure\",\"details\":{\"errorCode\":\"SystemForCrossDomainIdentityManagementCredentialValidationUnsuccessful\",\"errorMessage\":\"401\"}}","value":"{}"}`)
	got, err := w.client().ProvisionOnDemand(t.Context(), group(devs), nil)
	if err != nil || got.OK || got.NotYetAssigned || !strings.Contains(got.Reason, "AWS refuses the SCIM token") {
		t.Errorf("got %+v, %v", got, err)
	}
}

func notAValidReferenceUpdateIsReplication(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kit.Faults.Add(emukit.Fault{Op: opAssign, Status: 400, Header: http.Header{"Content-Type": {"application/json"}},
		Body: `{"error":{"code":"Request_BadRequest","message":"Not a valid reference update."}}`})
	if _, _, err := w.client().Assign(t.Context(), devs); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}
