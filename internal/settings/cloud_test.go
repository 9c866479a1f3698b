package settings

import (
	"errors"
	"strings"
	"testing"
)

// TestTheCloudAlone: a command that speaks to AWS and Entra only needs no more
// settings than those, takes a whole file, and judges the two as ever.
func TestTheCloudAlone(t *testing.T) {
	t.Parallel()
	short := "aws: {region: ap-northeast-1, role: r}\nca_file: ca.pem\nprivate_hosts: [aws.internal]\n"
	s, err := LoadCloud(write(t, "bot.yaml", short), env(nil))
	if err != nil || s.AWS.Region != "ap-northeast-1" || s.AWS.Role != "r" || s.Entra != (Entra{}) || !strings.HasSuffix(s.CAFile, "/ca.pem") || len(s.PrivateHosts) != 1 {
		t.Errorf("AWS alone: %+v, %v", s, err)
	}
	s, err = LoadCloud(write(t, "bot.yaml", good), env(map[string]string{"ENTRA": "entra-secret"}))
	if err != nil || s.Entra.Tenant != "t" || s.Entra.Secret.Reveal() != "entra-secret" || s.Entra.GraphURL != "https://graph.microsoft.com/v1.0" {
		t.Errorf("a whole file, of whose secrets one is there: %+v, %v", s, err)
	}
	for name, text := range map[string]string{
		"aws.region": "entra: {tenant: t, client: c}\n", "entra.client": "aws: {region: r}\nentra: {tenant: t}\n", "field awz": "awz: {region: r}\n",
	} {
		var problems Problems
		if _, err := LoadCloud(write(t, "bot.yaml", text), env(nil)); !errors.As(err, &problems) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
