package dsar

import "strings"

// Doors returns the tables of this library, for [Map.Aside]: its packages look after the people in them themselves. A table of the
// application that only begins like one of these is not among them.
func Doors() []Aside {
	var out []Aside
	for _, d := range []struct{ tables, why string }{
		{"tenancy_file tenancy_migration tenancy.* tenancy_directory.*", "tenants, and whose file it is: package tenancy"},
		{"ipallow_policy ipallow_version", "networks of tenants: package ipallow"},
		{"audit_head audit_event audit_open audit_outbox audit_tile audit_tree audit_checkpoint audit_hold audit_pruned audit_heads.*",
			"the audit log: Log.Erase makes it forget people, and it still verifies"},
		{"vault_epoch vault_key vault_sealed vault_secret vault_roots.*", "sealed secrets and keys: Vault.Shred destroys those of people"},
		{"rbac_home rbac_invitation rbac_item rbac_member rbac_review rbac_role rbac_token rbac_use rbac_version rbac_homes.*",
			"members, roles and tokens: package rbac"},
		{"consent_entry consent_head consent_row consent_state consent_text consent_version", "proof of consent: Manager.Forget cuts it from people"},
		{"supportgrant_budget supportgrant_challenge supportgrant_entry supportgrant_excluded supportgrant_grant supportgrant_note " +
			"supportgrant_proof supportgrant_totp supportgrant_transition supportgrant_version supportgrant.*",
			"who of the staff saw what, and who allowed it: package supportgrant"},
		{"dsar_breach dsar_egress dsar_erase_job dsar_erase_kept dsar_erase_key dsar_erase_secret dsar_erase_step dsar_event dsar_hold dsar_request " +
			"dsar_processor_call dsar_restraint dsar_retention dsar_step dsar_sweep_mark dsar_tombstone dsar_version", "requests: they are sealed, and shredded when they are closed"},
	} {
		for name := range strings.FieldsSeq(d.tables) {
			out = append(out, Aside{Name: name, Why: d.why})
		}
	}
	return out
}
