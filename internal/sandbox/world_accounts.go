package sandbox

import (
	"errors"
	"fmt"
	"time"

	"aws-access-bot/internal/sandbox/awsemu"
)

// Accounts that the example config repo does not have. People write them into
// scripts, like the names in world.go.
const (
	towerAccount     = "333344445555" // a member that Control Tower made
	suspendedAccount = "333344446666" // a member that AWS has suspended
	acquiredShop     = "444455551111" // standalone, bought with a company
	acquiredLabs     = "444455552222" // standalone, and in nobody's organization
	partnerAccount   = "555566661111" // in the organization of another company

	// accountQuota is how many accounts Acme may have; it has asked for more
	// than the ten that AWS starts with.
	accountQuota = 30
	// readRoleName is the role that lets the bot's account read the IAM users
	// of a member account, where there is one.
	readRoleName = "aws-access-iam-read"
)

// makeNeighbours makes the accounts around those that have a file.
func (w *world) makeNeighbours() error {
	errs := []error{
		w.aws.AddAccount(awsemu.Account{
			ID: towerAccount, Name: "orders-analytics", Email: "aws+orders-analytics@example.com", OU: "/Workloads/Dev", Tags: map[string]string{"team": "orders"},
		}),
		w.aws.AddRole(roleARN(towerAccount, "AWSControlTowerExecution"), "", w.repo.Access.ManagementAccount),
		w.aws.AddAccount(awsemu.Account{
			ID: suspendedAccount, Name: "initech-labs", Email: "aws+initech-labs@example.com", OU: "/", State: awsemu.StateSuspended, Method: awsemu.MethodInvited,
		}),
	}
	for _, a := range []awsemu.Account{
		{ID: acquiredShop, Name: "globex-shop", Email: "root@globex.example"},
		{ID: acquiredLabs, Name: "globex-labs", Email: "labs@globex.example"},
		{ID: partnerAccount, Name: "umbrella-data", Email: "aws@umbrella.example", Organization: "o-umbrella0001"},
	} {
		errs = append(errs, w.aws.AddOutside(a))
	}
	return errors.Join(errs...)
}

func roleARN(account, name string) string {
	return fmt.Sprintf("arn:aws:iam::%s:role/%s", account, name)
}

// iamReads are the actions of iam that the read role permits.
func iamReads() []string {
	return []string{
		"iam:GenerateCredentialReport", "iam:GetCredentialReport", "iam:ListUsers", "iam:ListAccessKeys", "iam:GetAccessKeyLastUsed", "iam:GetLoginProfile",
	}
}

// makeIAM makes the IAM users that are left from before Identity Center, and
// the roles that read them: in some accounts, and in data-lake one that permits
// too little.
func (w *world) makeIAM() error {
	errs := []error{}
	for account, actions := range map[string][]string{
		"333344441111": iamReads(), // crm-legacy
		"333344442222": iamReads(), // warehouse-legacy
		"111122223333": iamReads(), // payments-prod
		"111122224444": iamReads(), // payments-dev, which has no users
		"222233335555": {"iam:ListUsers"},
	} {
		arn := roleARN(account, readRoleName)
		errs = append(errs, w.aws.AddRole(arn, "", botAccount), w.aws.PermitRole(arn, actions...))
	}
	for account, users := range iamUsers(w.kit.Now()) {
		for _, u := range users {
			errs = append(errs, w.aws.PutIAMUser(account, u))
		}
	}
	return errors.Join(errs...)
}

// iamUsers are the IAM users of the seed, by account. In crm-legacy are six,
// two of which were used this week.
func iamUsers(now time.Time) map[string][]awsemu.IAMUser {
	now = now.UTC().Truncate(time.Second)
	ago := func(days int) time.Time { return now.AddDate(0, 0, -days).Add(-time.Hour) }
	password := func(created, used int) *awsemu.IAMPassword {
		p := &awsemu.IAMPassword{Created: ago(created)}
		if used > 0 {
			p.LastUsed = ago(used)
		}
		return p
	}
	key := func(created, used int, service, region string) awsemu.IAMKey {
		k := awsemu.IAMKey{Created: ago(created)}
		if used > 0 {
			k.LastUsed, k.Service, k.Region = ago(used), service, region
		}
		return k
	}
	const tokyo = "ap-northeast-1"
	old := key(2100, 1900, "ec2", tokyo)
	old.Inactive = true
	return map[string][]awsemu.IAMUser{
		"333344441111": {
			{Name: "admin", Created: ago(2200), Password: password(2200, 3), MFA: true},
			{Name: "crm-export", Path: "/robots/", Created: ago(1500), Keys: []awsemu.IAMKey{key(1500, 1, "s3", "")}},
			{Name: "initech.bill", Created: ago(2100), Password: password(2100, 620)},
			{Name: "initech.milton", Created: ago(2100), Password: password(2100, 0), Keys: []awsemu.IAMKey{old}},
			{Name: "lena", Created: ago(900), Password: password(900, 45), MFA: true, Keys: []awsemu.IAMKey{key(300, 45, "iam", "us-east-1"), key(900, 310, "ec2", tokyo)}},
			{Name: "backup", Path: "/robots/", Created: ago(1200), Keys: []awsemu.IAMKey{key(1200, 0, "", "")}},
		},
		"333344442222": {
			{Name: "taro", Created: ago(700), Password: password(700, 5)},
			{Name: "etl", Path: "/robots/", Created: ago(700), Keys: []awsemu.IAMKey{key(700, 2, "redshift", tokyo)}},
			{Name: "auditor-2021", Created: ago(1900), Password: password(1900, 1890)},
		},
		"111122223333": {
			{Name: "deploy-old", Path: "/robots/", Created: ago(800), Keys: []awsemu.IAMKey{key(800, 200, "ecs", tokyo)}},
		},
		"222233335555": {
			{Name: "notebook", Created: ago(400), Keys: []awsemu.IAMKey{key(400, 20, "athena", tokyo)}},
		},
		acquiredShop: {
			{Name: "owner", Created: ago(1000), Password: password(1000, 1)},
		},
	}
}
