package main

import (
	"io/fs"
	"regexp"
	"strings"

	"aws-access-bot/config/example"
)

// cutOver has an account brought in, what a group had in it before written down
// and then taken away, and somebody say that people are still in.
func cutOver(w *world) (string, error) {
	const account, file = "333344443333", "groups/aws-orders-dev.yaml"
	access, err := fs.ReadFile(example.FS(), "aws-access.yaml")
	if err != nil {
		return "", err
	}
	had, err := fs.ReadFile(example.FS(), file)
	if err != nil {
		return "", err
	}
	if err := w.play("github/teams/platform/members", object{"person": "mio", "role": "member"}, nil); err != nil {
		return "", err
	}
	if err := w.typed("hana", "/aws-onboard "+account+" /Workloads/Dev yuki@example.com"); err != nil {
		return "", err
	}
	request, err := w.agreed(1, "mio", "ken", "lena", "mio", "yuki")
	if err != nil {
		return "", err
	}
	asks := strings.Replace(string(access), "\n  ou: /Workloads\n", "\n  ou: /Workloads\n  confirm: {within: 1h}\n", 1) + "merge: people\n"
	if err := w.changed(2, "aws-access.yaml", asks, "lena", "mio"); err != nil {
		return "", err
	}
	if err := w.told(request, `Done`, `Done: initech-archive is in its OU`); err != nil {
		return "", err
	}
	old := assignment{account, "PowerUserAccess", "aws-orders-dev"}
	if err := w.play("aws/assignments", object{"account": account, "permission_set": old.set, "group": old.principal}, nil); err != nil {
		return "", err
	}
	if err := w.changed(3, file, string(had)+"  - account: initech-archive\n    permission_set: PowerUserAccess\n", "yuki"); err != nil {
		return "", err
	}
	if _, err := w.logged(0, regexp.MustCompile(`commit in force.* pull=3`)); err != nil {
		return "", err
	}
	if err := w.synced(); err != nil {
		return "", err
	}
	if err := w.changed(4, file, string(had), "yuki"); err != nil {
		return "", err
	}
	if err := w.told(request, `Done`, `Can you still get in(?s:.*)aws-orders-dev with PowerUserAccess in initech-archive`); err != nil {
		return "", err
	}
	if err := w.typed("yuki", "/aws-access confirm "+request); err != nil {
		return "", err
	}
	if err := w.told(request, `Done`, `confirmed that people are still in`); err != nil {
		return "", err
	}
	return "pull 1: good\npull 2: good\npull 3: good\npull 4: good", w.assigned(old, false)
}

// changed has Hana change a file by a pull request, which gets a number, is
// approved by some and merged by the first of them.
func (w *world) changed(number int, path, text string, approvers ...string) error {
	branch := "hana/" + strings.NewReplacer("/", "-", ".", "-").Replace(path) + string(rune('0'+number))
	if _, err := w.push("hana", change{branch: branch, message: "Change " + path, files: map[string]string{path: text}}); err != nil {
		return err
	}
	if _, err := w.open("hana", branch, "Change "+path); err != nil {
		return err
	}
	_, err := w.agreed(number, approvers[0], approvers...)
	return err
}
