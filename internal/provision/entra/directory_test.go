package entra_test

import (
	"testing"

	"aws-access-bot/internal/importer"
	"aws-access-bot/internal/sandbox/emukit"
)

// TestTheDirectoryOfAnImport: what is not there is told from what could not be
// read.
func TestTheDirectoryOfAnImport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client()
	if g, found, err := c.DirectoryGroup(t.Context(), devs); err != nil || !found || g != (importer.DirectoryGroup{Name: "aws-payments-dev", Security: true}) {
		t.Errorf("a group: %+v, %v, %v", g, found, err)
	}
	if u, found, err := c.DirectoryUser(t.Context(), hana); err != nil || !found || u != (importer.DirectoryUser{UPN: "hana@example.com"}) {
		t.Errorf("a user: %+v, %v, %v", u, found, err)
	}
	if g, found, err := c.DirectoryGroup(t.Context(), nobody); err != nil || found {
		t.Errorf("no group: %+v, %v, %v", g, found, err)
	}
	if u, found, err := c.DirectoryUser(t.Context(), nobody); err != nil || found {
		t.Errorf("no user: %+v, %v, %v", u, found, err)
	}
	w.kit.Faults.Add(emukit.Fault{Op: opGroup, Status: 403, Body: `{"error":{"code":"Authorization_RequestDenied","message":"no"}}`, Times: -1})
	if g, found, err := c.DirectoryGroup(t.Context(), devs); err == nil {
		t.Errorf("a refused group: %+v, %v", g, found)
	}
}
