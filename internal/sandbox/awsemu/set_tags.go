package awsemu

import (
	"maps"
	"strings"
)

var (
	shapeTagKey   = newShape(`[\p{L}\p{Z}\p{N}_.:/=+\-@]*`, 128)
	shapeTagValue = newShape(`[\p{L}\p{Z}\p{N}_.:/=+\-@]*`, 256)
)

// maxTags is how many tags a resource keeps.
const maxTags = 50

// tags checks the tags of a request, at most 75 of them.
func (v *checks) tags(tags []wireTag) {
	if len(tags) > 75 {
		v.add("length", "'"+tags[0].Key+", …'", "tags", "have length less than or equal to 75")
	}
	for _, t := range tags {
		v.required("tags.member.key", t.Key, shapeTagKey)
		v.optional("tags.member.value", t.Value, shapeTagValue)
	}
}

// tagKeys checks the keys of tags that are to go.
func (v *checks) tagKeys(keys []string) {
	if len(keys) == 0 {
		v.add("required", "null", "tagKeys", "not be null")
	}
	for _, k := range keys {
		v.required("tagKeys.member", k, shapeTagKey)
	}
}

// tag gives a set tags, or refuses all of them.
func (p *permissionSet) tag(tags []wireTag) error {
	all := maps.Clone(p.tags)
	if all == nil {
		all = map[string]string{}
	}
	for _, t := range tags {
		if strings.HasPrefix(strings.ToLower(t.Key), "aws:") {
			return fail("ValidationException", "aws: prefixed tag key names are not allowed for external use.")
		}
		all[t.Key] = t.Value
	}
	if len(all) > maxTags {
		return fail("ServiceQuotaExceededException", "A resource can have at most %d tags.", maxTags)
	}
	p.tags = all
	return nil
}

type tagIn struct {
	InstanceArn, ResourceArn string
	Tags                     []wireTag
}

func (in *tagIn) check(v *checks) {
	v.optional("instanceArn", in.InstanceArn, shapeInstance)
	v.required("resourceArn", in.ResourceArn, shapeTaggable)
	v.tags(in.Tags)
}

// tagged returns the set whose tags a request changes: only sets keep tags here.
func (s *Server) tagged(c *call, instance, resource string) (*permissionSet, error) {
	if instance == "" {
		instance = s.opts.InstanceARN
	}
	return s.editable(c, setIn{instance, resource})
}

func tagResource(s *Server, c *call, in *tagIn) (empty, error) {
	set, err := s.tagged(c, in.InstanceArn, in.ResourceArn)
	if err != nil {
		return empty{}, err
	}
	return empty{}, set.tag(in.Tags)
}

type untagIn struct {
	InstanceArn, ResourceArn string
	TagKeys                  []string
}

func (in *untagIn) check(v *checks) {
	v.optional("instanceArn", in.InstanceArn, shapeInstance)
	v.required("resourceArn", in.ResourceArn, shapeTaggable)
	v.tagKeys(in.TagKeys)
}

// untagResource says nothing of keys that the set does not have.
func untagResource(s *Server, c *call, in *untagIn) (empty, error) {
	set, err := s.tagged(c, in.InstanceArn, in.ResourceArn)
	if err != nil {
		return empty{}, err
	}
	set.tags = maps.Clone(set.tags)
	for _, k := range in.TagKeys {
		delete(set.tags, k)
	}
	return empty{}, nil
}
