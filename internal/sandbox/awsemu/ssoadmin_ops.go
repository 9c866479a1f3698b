package awsemu

// centerService lists the operations of sso-admin.
func centerService() *jsonService {
	return &jsonService{
		signing: "sso", invalid: validation, admit: admitCenter,
		ops: map[string]jsonOp{
			"ListInstances":                                         op(listInstances),
			"DescribeInstance":                                      op(describeInstance),
			"ListPermissionSets":                                    op(listPermissionSets),
			"DescribePermissionSet":                                 op(describePermissionSet),
			"ListTagsForResource":                                   op(listSetTags),
			"TagResource":                                           op(tagResource),
			"UntagResource":                                         op(untagResource),
			"CreatePermissionSet":                                   op(createPermissionSet),
			"UpdatePermissionSet":                                   op(updatePermissionSet),
			"AttachManagedPolicyToPermissionSet":                    op(attachManaged),
			"DetachManagedPolicyFromPermissionSet":                  op(detachManaged),
			"ListManagedPoliciesInPermissionSet":                    op(listManaged),
			"AttachCustomerManagedPolicyReferenceToPermissionSet":   op(attachCustomer),
			"DetachCustomerManagedPolicyReferenceFromPermissionSet": op(detachCustomer),
			"ListCustomerManagedPolicyReferencesInPermissionSet":    op(listCustomer),
			"PutInlinePolicyToPermissionSet":                        op(putInline),
			"GetInlinePolicyForPermissionSet":                       op(getInline),
			"DeleteInlinePolicyFromPermissionSet":                   op(deleteInline),
			"PutPermissionsBoundaryToPermissionSet":                 op(putBoundary),
			"GetPermissionsBoundaryForPermissionSet":                op(getBoundary),
			"DeletePermissionsBoundaryFromPermissionSet":            op(deleteBoundary),
			opProvision: op(provisionSet),
			"DescribePermissionSetProvisioningStatus": op(describeProvisioning),
			"ListPermissionSetProvisioningStatus":     op(listProvisioning),
			opCreate:                                  op(createAssignment),
			opDelete:                                  op(deleteAssignment),
			"DescribeAccountAssignmentCreationStatus": op(describeCreation),
			"DescribeAccountAssignmentDeletionStatus": op(describeDeletion),
			"ListAccountAssignmentCreationStatus":     op(listCreations),
			"ListAccountAssignmentDeletionStatus":     op(listDeletions),
			"ListAccountAssignments":                  op(listAssignments),
			"ListAccountAssignmentsForPrincipal":      op(listAssignmentsForPrincipal),
			"ListAccountsForProvisionedPermissionSet": op(listAccountsForSet),
			"ListPermissionSetsProvisionedToAccount":  op(listSetsInAccount),
		},
	}
}
