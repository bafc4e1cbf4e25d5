package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"
)

func acceptThenSignal(ctx context.Context, d *desk) (outcome, error) {
	v := d.device("")
	if err := v.accept(ctx); err != nil {
		return outcome{}, err
	}
	var came strings.Builder
	err := look(ctx, &came, step{"accepted", v, "_ga _fbp"})
	v.gpc = true
	err = errors.Join(err, look(ctx, &came, step{"with the signal", v, "_ga"}))
	v.gpc = false
	err = errors.Join(err, look(ctx, &came, step{"without it again", v, "_ga"}))
	return outcome{came.String(), byConsent}, err
}

func signalElsewhere(ctx context.Context, d *desk) (outcome, error) {
	laptop, phone := d.device("rosalind"), d.device("rosalind")
	if err := laptop.accept(ctx); err != nil {
		return outcome{}, err
	}
	phone.gpc = true
	var came strings.Builder
	err := errors.Join(look(ctx, &came, step{"laptop, accepted", laptop, "_ga _fbp"}), look(ctx, &came, step{"phone, with the signal", phone, "none"}),
		look(ctx, &came, step{"laptop again", laptop, "_ga"}))
	return outcome{came.String(), byConsent}, err
}

func replayYes(ctx context.Context, d *desk) (outcome, error) {
	laptop, phone := d.device("orlando"), d.device("orlando")
	if err := laptop.accept(ctx); err != nil {
		return outcome{}, err
	}
	old := maps.Clone(laptop.jar)
	time.Sleep(1100 * time.Millisecond) // a cookie says when to the second
	err := errors.Join(phone.withdraw(ctx), phone.accept(ctx))
	if err != nil {
		return outcome{}, err
	}
	laptop.jar = old
	var came strings.Builder
	err = errors.Join(look(ctx, &came, step{"phone, accepted anew", phone, "_ga _fbp"}), look(ctx, &came, step{"laptop, with its old yes", laptop, "none"}))
	return outcome{came.String(), "consent's ledger"}, err
}

func askWithoutLedger(ctx context.Context, d *desk) (outcome, error) {
	v := d.device("celia")
	if err := v.accept(ctx); err != nil {
		return outcome{}, err
	}
	var came strings.Builder
	err := look(ctx, &came, step{"accepted", v, "_ga _fbp"})
	d.shop.store.down.Store(true)
	defer d.shop.store.down.Store(false)
	err = errors.Join(err, look(ctx, &came, step{"while nobody can say what she said", v, "none"}))
	if again := v.accept(ctx); again == nil {
		err = errors.Join(err, errors.New("a yes is taken that nobody can prove"))
	} else {
		fmt.Fprintln(&came, "a yes is refused")
	}
	_ = v.withdraw(ctx) // is answered with an error: it is not on record
	d.shop.store.down.Store(false)
	err = errors.Join(err, look(ctx, &came, step{"withdrawn meanwhile", v, "none"}))
	return outcome{came.String(), byConsent}, err
}
