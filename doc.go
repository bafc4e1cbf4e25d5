// Package bailiwick is the map of a library of privacy and tenancy controls for
// multi-tenant applications. It holds no code: import the doors you need.
//
// A door is a package that stands alone, makes a few promises, and keeps them
// in the database and in the types rather than in the discipline of its
// caller.
//
//   - tenancy: which organisation a piece of work is for; the directory and life
//     of tenants; where each one lives. Below it, tenancy/tenantdb hands out
//     transactions that can see one tenant only, on Postgres and on SQLite;
//     tenancy/rls prints row-level security and inspects a live catalogue for
//     holes; tenancy/ipallow admits a tenant's own networks only;
//     tenancy/tenancytest attacks your own schema.
//
//   - audit: a log of what was done, by whom and to whom, for each tenant, that
//     cannot be changed unnoticed and in which people can be forgotten.
//
//   - redact: takes secrets and personal values out of logs, error reports,
//     dumps and public pages; its Secret is what every door keeps secrets in.
//
//   - vault: seals credentials and columns under keys of tenant, purpose and
//     person; uses, replaces and shreds them. vault/webhook signs and verifies
//     webhooks.
//
//   - rbac: who may do what in a tenant: invited people with roles, machines with
//     API tokens, and the public by what is listed. rbac/apitoken is the form of
//     tokens.
//
//   - consent: what may be stored and done before and after a visitor's yes; opt-out
//     signals; the proof of both. consent/banner asks on a page.
//
//   - supportgrant: staff reads a customer's data while the customer's owner grants
//     it, and every read is on record first.
//
//   - dsar: people's requests about their data: the map of where it is, proposed
//     from a live database and checked against it; exports, erasure with proof,
//     tombstones and receipts; retention, processors, breaches; the clocks of all
//     that. dsar/engine puts its parts together.
//
// What is not in this list is not in the library, or not whole.
//
// The library is tooling. Whether a deployment complies with a law is a
// property of the deployment.
package bailiwick
