package sandbox

import "testing"

// TestNoOtherSandboxGivesAwayABotsPort: not while the bot is down either, until the
// sandbox is closed.
func TestNoOtherSandboxGivesAwayABotsPort(t *testing.T) {
	t.Parallel()
	one, other := &Sandbox{}, &Sandbox{}
	addr, err := one.freeAddress("")
	if err != nil {
		t.Fatal(err)
	}
	if err := other.reserve(addr); err == nil {
		t.Fatalf("%s is given away twice", addr)
	}
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	if err := other.reserve(addr); err != nil {
		t.Errorf("after the sandbox is closed: %v", err)
	}
	if err := other.Close(); err != nil {
		t.Error(err)
	}
}
