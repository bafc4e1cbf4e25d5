package tenancysql

import (
	"strings"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// The statements are written once. What differs between the databases has a name in braces.
var words = map[tenantdb.Dialect]*strings.Replacer{
	tenantdb.Postgres: strings.NewReplacer(
		"{tenant}", "tenancy_directory.tenant",
		"{step}", "tenancy_directory.step",
		"{version}", "tenancy_directory.version",
		"{now}", "clock_timestamp()",
		"{next}", "GREATEST(clock_timestamp(), changed_at + interval '1 microsecond')",
		"{created_at}", "(extract(epoch FROM created_at) * 1000000)::bigint AS created_at",
		"{changed_at}", "(extract(epoch FROM changed_at) * 1000000)::bigint AS changed_at",
		"{at}", "(extract(epoch FROM at) * 1000000)::bigint AS at",
		"{lock}", "FOR UPDATE",
	),
	tenantdb.SQLite: strings.NewReplacer(
		"{tenant}", "directory_tenant",
		"{step}", "directory_step",
		"{version}", "directory_version",
		"{now}", "bw_now()",
		"{next}", "max(bw_now(), changed_at + 1)",
		"{created_at}", "created_at",
		"{changed_at}", "changed_at",
		"{at}", "at",
		"{lock}", "", // a writing transaction has the file to itself
	),
}

const (
	columns = `id, state, prior, region, shard, epoch, {created_at}, {changed_at}`

	versionSQL = `SELECT version FROM {version}`
	lookupSQL  = `SELECT ` + columns + ` FROM {tenant} WHERE id = ?`
	lockSQL    = lookupSQL + ` {lock}`
	createSQL  = `WITH clock (now) AS MATERIALIZED (SELECT {now})
		INSERT INTO {tenant} (id, state, region, shard, created_at, changed_at)
		SELECT CAST(? AS text), CAST(? AS text), CAST(? AS text), CAST(? AS text), now, now FROM clock WHERE true
		ON CONFLICT (id) DO NOTHING`
	changeSQL = `UPDATE {tenant} SET state = ?, prior = ?, region = ?, shard = ?, epoch = ?, changed_at = {next} WHERE id = ?`
	listSQL   = `SELECT ` + columns + ` FROM {tenant} WHERE id > ?`

	recordSQL = `INSERT INTO {step} (tenant, op, name, seq, at, detail)
		SELECT CAST(? AS text), CAST(? AS text), CAST(? AS text), COALESCE(MAX(seq), 0) + 1, {now}, CAST(? AS text)
		FROM {step} WHERE tenant = ? AND op = ?
		ON CONFLICT (tenant, op, name) DO NOTHING`
	stepsSQL = `SELECT op, name, {at}, detail FROM {step} WHERE tenant = ? AND op = ?`
)
