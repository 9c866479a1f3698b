package config

import "testing"

func TestNamesThatLookTheSame(t *testing.T) {
	t.Parallel()
	if from, to := len([]rune(lookFrom)), len([]rune(lookTo)); from != to {
		t.Fatalf("%d letters look like %d", from, to)
	}
	same := [][2]string{
		{"aws-payments-dev", "aws-payments-dev"}, {"aws-payments-dev", "AWS Payments Dev"}, {"aws-payments-dev", "aws_payments.dev"},
		{"admins", "adm1ns"}, {"ops", "0ps"}, {"аудит", "аудит"}, {"ops", "орѕ"}, {"modern", "modem"}, {"ａdmins", "admins"}, {"bill", "biII"},
	}
	for _, s := range same {
		if Skeleton(s[0]) != Skeleton(s[1]) {
			t.Errorf("%q and %q are told apart: %q, %q", s[0], s[1], Skeleton(s[0]), Skeleton(s[1]))
		}
	}
	for _, s := range [][2]string{{"aws-payments-dev", "aws-payments-prod"}, {"dev", "devs"}, {"a", "b"}, {"日本", "日木"}} {
		if Skeleton(s[0]) == Skeleton(s[1]) {
			t.Errorf("%q and %q look the same", s[0], s[1])
		}
	}
}
