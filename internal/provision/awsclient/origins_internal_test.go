package awsclient

import (
	"testing"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/google/go-cmp/cmp"
)

// TestT23TheHostsOfAWS are those of the region and partition, or what is
// configured, and no more.
func TestT23TheHostsOfAWS(t *testing.T) {
	none := func(name string) map[string]string { return map[string]string{name: ""} }
	tests := []struct {
		name, region, endpoint string
		env                    map[string]string
		trail                  bool
		want                   []string
	}{
		{"a region", "ap-northeast-1", "", none("AWS_PROFILE"), false, []string{
			"https://sso.ap-northeast-1.amazonaws.com", "https://identitystore.ap-northeast-1.amazonaws.com",
			"https://organizations.us-east-1.amazonaws.com", "https://sts.ap-northeast-1.amazonaws.com", "https://iam.amazonaws.com"}},
		{"China", "cn-north-1", "", none("AWS_PROFILE"), false, []string{
			"https://sso.cn-north-1.amazonaws.com.cn", "https://identitystore.cn-north-1.amazonaws.com.cn",
			"https://organizations.cn-northwest-1.amazonaws.com.cn", "https://sts.cn-north-1.amazonaws.com.cn", "https://iam.cn-north-1.amazonaws.com.cn"}},
		{"an endpoint of its own", "ap-northeast-1", "http://127.0.0.1:9/aws/", none("AWS_PROFILE"), false, []string{
			"http://127.0.0.1:9/aws/", "http://127.0.0.1:9/aws/", "http://127.0.0.1:9/aws/", "http://127.0.0.1:9/aws/", "http://127.0.0.1:9/aws/"}},
		{"an endpoint of one service in the environment", "ap-northeast-1", "", map[string]string{"AWS_ENDPOINT_URL_STS": "https://sts.vpce.example.com"}, false, []string{
			"https://sso.ap-northeast-1.amazonaws.com", "https://identitystore.ap-northeast-1.amazonaws.com",
			"https://organizations.us-east-1.amazonaws.com", "https://sts.vpce.example.com", "https://iam.amazonaws.com"}},
		{"with CloudTrail", "ap-northeast-1", "", none("AWS_PROFILE"), true, []string{
			"https://sso.ap-northeast-1.amazonaws.com", "https://identitystore.ap-northeast-1.amazonaws.com",
			"https://organizations.us-east-1.amazonaws.com", "https://sts.ap-northeast-1.amazonaws.com", "https://iam.amazonaws.com", "https://cloudtrail.ap-northeast-1.amazonaws.com"}},
	}
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			for k, v := range tc.env {
				t.Setenv(k, v)
			}
			cfg, err := awsconfig.LoadDefaultConfig(t.Context(), awsconfig.WithRegion(tc.region), awsconfig.WithBaseEndpoint(tc.endpoint))
			if err != nil {
				t.Fatal(err)
			}
			if tc.endpoint == "" {
				cfg.BaseEndpoint = nil
			}
			got, err := origins(t.Context(), cfg, tc.trail)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}
