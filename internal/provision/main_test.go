package provision_test

import (
	"os"
	"testing"

	"aws-access-bot/internal/testgc"
)

func TestMain(m *testing.M) {
	testgc.Seldom()
	os.Exit(m.Run())
}
