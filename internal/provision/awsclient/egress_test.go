package awsclient_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"aws-access-bot/internal/egress"
	"aws-access-bot/internal/provision/awsclient"
	"aws-access-bot/internal/secret"

	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
)

// TestT23TheSDKStillFindsItsCredentials: the endpoint that ECS and EKS Pod
// Identity put into the environment is no origin of ours, and is asked all the
// same; what is asked with the credentials goes to our origins only.
func TestT23TheSDKStillFindsItsCredentials(t *testing.T) {
	var metadata, calls atomic.Int32
	chain := answering(t, &metadata, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"AccessKeyId":"ASIAPOD","SecretAccessKey":"secret","Token":"token","Expiration":"`+time.Now().Add(time.Hour).UTC().Format(time.RFC3339)+`"}`)
	})
	var key atomic.Value
	api := answering(t, &calls, func(w http.ResponseWriter, r *http.Request) {
		key.Store(r.Header.Get("Authorization"))
		_, _ = io.WriteString(w, `{"Instances":[]}`)
	})
	for name, value := range map[string]string{
		"AWS_CONTAINER_CREDENTIALS_FULL_URI": chain, "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_WEB_IDENTITY_TOKEN_FILE": "", "AWS_PROFILE": "",
	} {
		t.Setenv(name, value)
	}
	o := awsclient.Options{Region: "ap-northeast-1", EndpointURL: api}
	if _, err := center(t, o).ListInstances(t.Context(), &ssoadmin.ListInstancesInput{}); err != nil {
		t.Fatal(err)
	}
	if signed, _ := key.Load().(string); metadata.Load() != 1 || len(signed) == 0 || !strings.Contains(signed, "Credential=ASIAPOD/") {
		t.Errorf("%d requests for credentials, then %q", metadata.Load(), signed)
	}
}

// TestT23AnEndpointElsewhereIsRefused: a client that is told another endpoint
// than the configured one gets no further.
func TestT23AnEndpointElsewhereIsRefused(t *testing.T) {
	t.Parallel()
	var hits, other atomic.Int32
	elsewhere := answering(t, &other, func(http.ResponseWriter, *http.Request) {})
	c := center(t, options(answering(t, &hits, func(http.ResponseWriter, *http.Request) {})))
	_, err := c.ListInstances(t.Context(), &ssoadmin.ListInstancesInput{}, func(o *ssoadmin.Options) { o.BaseEndpoint = &elsewhere })
	if !errors.Is(err, egress.ErrRefused) || other.Load() != 0 {
		t.Errorf("got %v, %d requests", err, other.Load())
	}
	for _, url := range []string{"http://169.254.169.254/", "https://[fd00:ec2::254]/"} {
		if _, err := awsclient.Config(t.Context(), awsclient.Options{Region: "ap-northeast-1", EndpointURL: url, AccessKeyID: keyID, SecretAccessKey: secret.New(keyVal)}); !errors.Is(err, egress.ErrRefused) {
			t.Errorf("%s: %v", url, err)
		}
	}
}
