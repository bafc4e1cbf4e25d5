package engine

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/tombstone"
)

// stones are the tombstones of a guard, as a request keeps them.
type stones struct{ guard *tombstone.Guard }

// Prepare implements [dsar.Tombstones].
func (s stones) Prepare(ctx context.Context, id dsar.ID, p dsar.Person) ([]byte, error) {
	stone, err := s.guard.Prepare(ctx, string(id), p)
	if err != nil {
		return nil, err
	}
	return json.Marshal(stone)
}

// Place implements [dsar.Tombstones].
func (s stones) Place(ctx context.Context, b []byte, at time.Time) error {
	var stone tombstone.Stone
	if json.Unmarshal(b, &stone) != nil {
		return errors.New("engine: a tombstone that cannot be read")
	}
	return s.guard.Place(ctx, stone, at)
}
