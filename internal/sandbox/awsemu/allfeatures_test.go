package awsemu

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
)

func TestAllFeaturesNeedEveryInvitedAccount(t *testing.T) {
	t.Parallel()
	f := outsiders(t)
	must(t, f.acceptAs(testAlone, f.invited(t, testAlone)))
	must(t, f.acceptAs(testAlone2, f.invited(t, testAlone2)))
	enable := func() (*organizations.EnableAllFeaturesOutput, error) {
		return f.orgs(testMgmt).EnableAllFeatures(background(), &organizations.EnableAllFeaturesInput{})
	}
	if _, err := enable(); reason(err) != "ORGANIZATION_ALREADY_HAS_ALL_FEATURES" {
		t.Errorf("with all features: %v", err)
	}
	must(t, f.SetFeatureSet(featuresBilling))
	out, err := enable()
	must(t, err)
	parent := *out.Handshake.Id
	if h := out.Handshake; h.Action != orgtypes.ActionTypeEnableAllFeatures || h.ExpirationTimestamp.Sub(*h.RequestedTimestamp) != 90*24*time.Hour || len(h.Parties) != 1 {
		t.Errorf("%+v", h)
	}
	if _, err := enable(); reason(err) != "ORGANIZATION_IS_ALREADY_PENDING_ALL_FEATURES_MIGRATION" {
		t.Errorf("again: %v", err)
	}
	children, err := f.orgs(testMgmt).ListHandshakesForOrganization(background(), &organizations.ListHandshakesForOrganizationInput{
		Filter: &orgtypes.HandshakeFilter{ParentHandshakeId: &parent},
	})
	must(t, err)
	byAccount := map[string]string{}
	for _, h := range children.Handshakes {
		byAccount[*h.Parties[1].Id] = *h.Id
		if h.Action != orgtypes.ActionTypeApproveAllFeatures {
			t.Errorf("%s", h.Action)
		}
	}
	if len(byAccount) != 2 || byAccount[testAlone] == "" || byAccount[testAlone2] == "" {
		t.Fatalf("asked: %v", byAccount)
	}
	must(t, f.acceptAs(testAlone, byAccount[testAlone]))
	if got := code(t, f.acceptAs(testMgmt, parent)); got != "InvalidHandshakeTransitionException" {
		t.Errorf("finished before the second has approved: %q", got)
	}
	must(t, f.acceptAs(testAlone2, byAccount[testAlone2]))
	org, err := f.orgs(testMgmt).DescribeOrganization(background(), &organizations.DescribeOrganizationInput{})
	must(t, err)
	if got := f.shakeState(t, parent); got != orgtypes.HandshakeStateOpen || org.Organization.FeatureSet != orgtypes.OrganizationFeatureSetConsolidatedBilling {
		t.Errorf("approved by all: %s, %s", got, org.Organization.FeatureSet)
	}
	must(t, f.acceptAs(testMgmt, parent))
	org, err = f.orgs(testMgmt).DescribeOrganization(background(), &organizations.DescribeOrganizationInput{})
	must(t, err)
	if org.Organization.FeatureSet != orgtypes.OrganizationFeatureSetAll {
		t.Errorf("feature set %s", org.Organization.FeatureSet)
	}
}

func TestCanceledChangeOfFeaturesTakesItsApprovalsAlong(t *testing.T) {
	t.Parallel()
	f := outsiders(t)
	must(t, f.acceptAs(testAlone, f.invited(t, testAlone)))
	must(t, f.SetFeatureSet(featuresBilling))
	out, err := f.orgs(testMgmt).EnableAllFeatures(background(), &organizations.EnableAllFeaturesInput{})
	must(t, err)
	must(t, f.cancelAs(testMgmt, *out.Handshake.Id))
	mine, err := f.orgs(testAlone).ListHandshakesForAccount(background(), &organizations.ListHandshakesForAccountInput{
		Filter: &orgtypes.HandshakeFilter{ActionType: orgtypes.ActionTypeApproveAllFeatures},
	})
	must(t, err)
	if len(mine.Handshakes) != 1 || mine.Handshakes[0].State != orgtypes.HandshakeStateCanceled {
		t.Errorf("%+v", mine.Handshakes)
	}
	if !strings.Contains(*mine.Handshakes[0].Arn, "/approve_all_features/") {
		t.Errorf("arn %s", *mine.Handshakes[0].Arn)
	}
}
