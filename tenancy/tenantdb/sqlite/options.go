package sqlite

import (
	"errors"
	"fmt"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Options are the settings of [Open]. The zero value is usable and the safe one.
type Options struct {
	// Region is the region of this machine. A tenant pinned to another one is refused, and one pinned to
	// any is refused while Region is empty.
	Region tenancy.Region
	// Shard is the name this folder has in the directory. It goes into receipts and nowhere else.
	Shard string

	// Migrations make and change the schema of a tenant's file, in this order. They run when the file is
	// provisioned or next opened, or all at once by [DB.Migrate].
	Migrations []Migration
	// SystemMigrations do the same for the system database, in Open.
	SystemMigrations []Migration
	// SystemAudit is told of each piece of system work before it begins (tenancy.system, with its reason); if it fails, the
	// work is refused. Without it all system work is refused ([tenantdb.ErrNoSystem]).
	SystemAudit tenancy.Hook

	// MaxOpen is how many tenants may be open at once; 0 means 512. An open tenant costs 3 to 6 file
	// descriptors and about 230 KiB.
	MaxOpen int
	// Readers is how many transactions may read one tenant's file beside the one that writes; 0
	// means 4. Their connections are opened when they are first needed.
	Readers int
	// IdleClose is how long a tenant that nobody uses stays open; 0 means 30 seconds.
	IdleClose time.Duration
	// Wait is how long a transaction waits for another process that holds the file; 0 means 5 seconds.
	Wait time.Duration
	// CacheKiB is the page cache of one connection; 0 means 56.
	CacheKiB int
	// MaxBytes is the largest size of a tenant's file; 0 means no limit. Writing more is
	// [tenantdb.ErrQuota]. What the write-ahead log holds on its way there is not counted.
	MaxBytes int64
	// MaxValue is the largest value, and the largest row, in bytes, that a statement may be given, make or read; 0 means
	// 64 MiB. More is [ErrTooBig]; what migrations and exports do is not bound by it.
	MaxValue int
	// Sync is how hard a commit is pushed to the disk.
	Sync Sync

	// Clock is the database's clock, which the SQL function bw_now() reads; nil means [time.Now].
	Clock func() time.Time
}

// Sync says what a commit survives.
type Sync int

const (
	// SyncFull makes a commit that has returned survive a loss of power. It is the default.
	SyncFull Sync = iota
	// SyncNormal is several times faster. A crash of the process loses nothing; a loss of power may lose
	// the last commits, never half of one. Not for audit trails, keys, grants and consent.
	SyncNormal
)

func (o Options) withDefaults() (Options, error) {
	def := func(p *int, v int) {
		if *p == 0 {
			*p = v
		}
	}
	def(&o.MaxOpen, 512)
	def(&o.Readers, 4)
	def(&o.CacheKiB, 56)
	def(&o.MaxValue, 64<<20)
	if o.IdleClose == 0 {
		o.IdleClose = 30 * time.Second
	}
	if o.Wait == 0 {
		o.Wait = 5 * time.Second
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	switch {
	case o.MaxOpen < 0 || o.Readers < 0 || o.CacheKiB < 0 || o.MaxBytes < 0 || o.IdleClose < 0 || o.Wait < 0:
		return o, errors.New("sqlite: an option is negative")
	case o.MaxBytes > 0 && o.MaxBytes < 16*pageSize:
		return o, fmt.Errorf("sqlite: MaxBytes is less than %d", 16*pageSize)
	case o.MaxValue < 1<<16 || o.MaxValue > maxLength:
		return o, fmt.Errorf("sqlite: MaxValue is not between %d and %d", 1<<16, maxLength)
	case o.Sync != SyncFull && o.Sync != SyncNormal:
		return o, errors.New("sqlite: unknown Sync")
	}
	var err error
	if o.Migrations, err = summed(o.Migrations); err != nil {
		return o, err
	}
	o.SystemMigrations, err = summed(o.SystemMigrations)
	return o, err
}
