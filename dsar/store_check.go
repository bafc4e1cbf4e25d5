package dsar

// Check reports why a store refuses r as what comes after old; nil: as what is added. Whoever writes a [Store] asks it before the
// database, which refuses the same and cannot say why.
func (r *RequestRow) Check(old *RequestRow) error {
	kept := r.copied()
	if old == nil && kept.State != Open {
		return refused("a request that does not begin as open")
	}
	if err := kept.may(); err != nil || old == nil {
		return err
	}
	return kept.follows(old)
}
