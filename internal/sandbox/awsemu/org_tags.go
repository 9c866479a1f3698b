package awsemu

import (
	"maps"
	"strings"
)

// tagsOf returns the tags of an account, a unit or the root.
func (o *organization) tagsOf(id string) (map[string]string, error) {
	if a, ok := o.accounts[id]; ok {
		return a.Tags, nil
	}
	if _, ok := o.byID[id]; ok {
		return o.tags[id], nil
	}
	return nil, fail("TargetNotFoundException", "You specified a target that doesn't exist.")
}

// setTags replaces the tags of what tagsOf found.
func (o *organization) setTags(id string, tags map[string]string) {
	if a, ok := o.accounts[id]; ok {
		a.Tags = tags
		return
	}
	o.tags[id] = tags
}

// orgTags adds the tags of a request to those that are there, or refuses all.
func orgTags(old map[string]string, add []wireTag) (map[string]string, error) {
	all := maps.Clone(old)
	if all == nil {
		all = map[string]string{}
	}
	seen := map[string]bool{}
	for _, t := range add {
		if strings.HasPrefix(strings.ToLower(t.Key), "aws:") {
			return nil, systemTag()
		}
		if seen[t.Key] {
			return nil, invalidReason("DUPLICATE_TAG_KEY", "Tag keys must be unique among the tags attached to the same entity.")
		}
		seen[t.Key], all[t.Key] = true, t.Value
	}
	if len(all) > maxTags {
		return nil, orgConstraint("MAX_TAG_LIMIT_EXCEEDED", "You have exceeded the number of tags allowed on this resource.")
	}
	return all, nil
}

func systemTag() error {
	return invalidReason("INVALID_SYSTEM_TAGS_PARAMETER", "You specified a tag key that is a system tag.")
}

// orgConstraint is a ConstraintViolationException with its reason.
func orgConstraint(reason, message string) *apiError {
	e := fail("ConstraintViolationException", "%s", message)
	e.members = map[string]any{"Reason": reason}
	return e
}

type tagOrgIn struct {
	ResourceId string
	Tags       []wireTag
}

func (in *tagOrgIn) check(v *checks) {
	v.required("resourceId", in.ResourceId, shapeOrgTarget)
	if in.Tags == nil {
		v.add("required", "null", "tags", "not be null")
	}
	v.tags(in.Tags)
}

func tagOrgResource(s *Server, _ *call, in *tagOrgIn) (empty, error) {
	old, err := s.org.tagsOf(in.ResourceId)
	if err != nil {
		return empty{}, err
	}
	tags, err := orgTags(old, in.Tags)
	if err != nil {
		return empty{}, err
	}
	s.org.setTags(in.ResourceId, tags)
	return empty{}, nil
}

type untagOrgIn struct {
	ResourceId string
	TagKeys    []string
}

func (in *untagOrgIn) check(v *checks) {
	v.required("resourceId", in.ResourceId, shapeOrgTarget)
	v.tagKeys(in.TagKeys)
}

func untagOrgResource(s *Server, _ *call, in *untagOrgIn) (empty, error) {
	tags, err := s.org.tagsOf(in.ResourceId)
	if err != nil {
		return empty{}, err
	}
	tags = maps.Clone(tags)
	for _, k := range in.TagKeys {
		if strings.HasPrefix(strings.ToLower(k), "aws:") {
			return empty{}, systemTag()
		}
		delete(tags, k)
	}
	s.org.setTags(in.ResourceId, tags)
	return empty{}, nil
}

type orgTagsIn struct{ ResourceId, NextToken string }

func (in *orgTagsIn) check(v *checks) {
	v.required("resourceId", in.ResourceId, shapeOrgTarget)
	v.optional("nextToken", in.NextToken, shapeOrgToken)
}

func listOrgTags(s *Server, c *call, in *orgTagsIn) (out listTagsOut, err error) {
	tags, err := s.org.tagsOf(in.ResourceId)
	if err != nil {
		return out, err
	}
	out.Tags, out.NextToken, err = orgPage(s, listing[wireTag]{
		items: wireTags(tags), key: tagKey, scope: scopeOf(c.op, in.ResourceId),
	}, page{NextToken: in.NextToken})
	return out, err
}
