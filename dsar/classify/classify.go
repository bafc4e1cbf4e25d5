// Package classify guesses from names and types what columns are about. A guess is for a person to look at: package
// discover proposes it, and dsar.Verify asks when a map says otherwise.
package classify

import (
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar/internal/word"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/redact"
)

// Column returns what the column of the table is likely to be about, or the zero Class if its name does not say.
func Column(table, column string, f schema.Family) redact.Class {
	if f == schema.Bool {
		return redact.Class{} // whether there is something is not the thing
	}
	words := word.Split(column)
	if len(words) == 1 {
		if parts := word.Segment(words[0], func(w string) bool { return segments[w] }); parts != nil {
			words = parts
		}
	}
	for i, w := range words {
		words[i] = word.Singular(w)
	}
	if len(words) == 0 || slices.ContainsFunc(words, func(w string) bool { return counters[w] }) {
		return redact.Class{}
	}
	last := words[len(words)-1]
	if states[last] || last == "id" && f != schema.Text && f != schema.Any {
		return redact.Class{}
	}
	textual := f == schema.Text || f == schema.Any || f == schema.Bytes || f == schema.JSON || f == schema.Array || f == schema.Other || f == schema.Enum
	text := " " + strings.Join(words, " ") + " "
	for _, r := range rules {
		if !r.anyType && !textual && !(r.number && (f == schema.Int || f == schema.Number)) && !(r.time && f == schema.Time) {
			continue
		}
		for _, phrase := range r.phrases {
			if r.whole && text == phrase || !r.whole && strings.Contains(text, phrase) {
				return r.class
			}
		}
	}
	if last == "name" && textual && len(words) == 1 {
		for _, w := range word.Split(table) {
			if persons[word.Singular(w)] {
				return redact.ClassName
			}
		}
	}
	return redact.Class{}
}

type rule struct {
	class        redact.Class
	phrases      []string
	whole        bool // the phrase is the whole name
	number, time bool // also in numbers, in times
	anyType      bool
}

func of(c redact.Class, phrases string) rule {
	r := rule{class: c}
	for p := range strings.SplitSeq(phrases, ",") {
		r.phrases = append(r.phrases, " "+strings.TrimSpace(p)+" ")
	}
	return r
}

func (r rule) numbers() rule { r.number = true; return r }
func (r rule) times() rule   { r.time = true; return r }
func (r rule) wholly() rule  { r.whole = true; return r }

// rules are tried in turn; the first that fits says it.
var rules = []rule{
	of(redact.ClassRefreshToken, "refresh token"),
	of(redact.ClassMFA, "totp, otp, otp secret, recovery code, backup code, two factor secret, tfa secret, mfa secret, two factor recovery code, totp secret").numbers(),
	of(redact.ClassPassword, "password, passwd, pwd, passphrase, password hash, hashed password, encrypted password, crypted password, password digest, pass hash, userpass, pin code"),
	of(redact.ClassPassword, "pass, user pass, passcode, hash pass").wholly(),
	of(redact.ClassOAuthSecret, "client secret, code verifier, pkce"),
	of(redact.ClassSecret, "private key, signing key, webhook secret, api secret, app secret, encryption key"),
	of(redact.ClassAccessToken, "access token, api key, apikey, auth token, session token, remember token, reset token, confirmation token, invite token, invitation token, reset key, activation key, csrf token, id token, bearer, session key, login key, unlock token, verification token, email token"),
	of(redact.ClassAccessToken, "token, secret, authkey, auth key, accesstoken").wholly(),
	of(redact.ClassBankAccount, "iban, bic, swift, bank account, account number, routing number, sort code"),
	of(redact.ClassCard, "card number, credit card, cc number, cvv, cvc, card last 4, card expiry").numbers(),
	of(redact.ClassNationalID, "ssn, social security, national id, tax id, vat number, vat id, passport, driver license, driving licence, id card, nif, cpf, curp, personnummer, taxvat, tax number"),
	of(redact.ClassEmail, "email, e mail, mail address, user mail, recovery mail, emailaddress, usermail"),
	of(redact.ClassEmail, "mail, init mail").wholly(),
	of(redact.ClassPhone, "phone, telephone, mobile, cell, msisdn, fax, phone number, mobile number, whatsapp, telefon, tel, sms number").numbers(),
	of(redact.ClassIP, "ip, ip addr, ip address, remote addr, remote address, last ip, sign in ip, ipaddress, client ip, user ip, ipaddr"),
	of(redact.ClassDevice, "user agent, useragent, browser, device id, device token, mac address, fingerprint, imei, push token, device name, agent string"),
	of(redact.ClassCookie, "cookie"),
	of(redact.ClassBirth, "birth, birthday, birthdate, dob, date of birth, birth date, geburtstag, born at, born on").times().numbers(),
	of(redact.ClassGender, "gender, sex, pronoun, salutation").numbers(),
	of(redact.ClassHealth, "diagnosis, allergy, medication, blood type, disability, medical, health, prescription, symptom"),
	of(redact.ClassReligion, "religion"), of(redact.ClassOrigin, "ethnicity, race, nationality"), of(redact.ClassPolitics, "political party"),
	of(redact.ClassName, "first name, last name, full name, middle name, surname, given name, family name, real name, firstname, lastname, fullname, maiden name, nick name, nickname, display name, displayname, realname, real name, contact name, customer name, author name, sender name, recipient name, user name real, vorname, nachname, familienname, initial, signature name, poster name, comment author"),
	of(redact.ClassAccount, "username, user name, login, screen name, handle, user login, nicename, login name, loginname, userlogin, user handle"),
	of(redact.ClassAddress, "street, address line, address 1, address 2, zip, postal code, postcode, zip code, zipcode, postal, addr 1, addr 2, street address, address1, address2, house number, plz, strasse, shipping address, billing address").numbers(),
	of(redact.ClassAddress, "address, city, town").wholly(),
	of(redact.ClassLocation, "latitude, longitude, lat, lng, lon, geo, geolocation, location, coordinate, gps").numbers(),
	of(redact.ClassImage, "avatar, photo, picture, profile image, gravatar, headshot, portrait"),
	of(redact.ClassWork, "job title, employer, department, occupation, company name, salary").numbers(),
	of(redact.ClassFinance, "income, credit score, balance").numbers(),
	of(redact.ClassContact, "twitter, facebook, linkedin, skype, telegram, instagram, homepage, personal url, icq, jabber, xmpp, discord username, signal number"),
	of(redact.ClassDemographic, "marital status, mother tongue"),
	of(redact.ClassSearches, "search term, search query, query string"),
	of(redact.ClassContent, "bio, biography, about me, signature, note, message, body, comment, content, post, text, description about user"),
}

// segments are the words that names without boundaries are made of.
var segments = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(`user first last full real nick given family display middle mail email address phone mobile number name login ip addr remote agent
		password hash pass birth date day api key access token refresh secret zip code street postal city`) {
		m[w] = true
	}
	return m
}()

// counters and states are words under which a name says how many, or whether, and not what.
var (
	counters = map[string]bool{"count": true, "num": true, "total": true, "max": true, "min": true, "limit": true, "is": true, "has": true, "can": true,
		"allow": true, "enable": true, "enabled": true, "disabled": true, "verified": true, "confirmed": true, "require": true, "required": true}
	states = map[string]bool{"at": true, "on": true, "type": true, "status": true, "state": true, "count": true, "template": true, "expire": true, "expiry": true,
		"format": true, "setting": true, "frequency": true, "digest": false, "level": true, "flag": true, "sent": true, "expires": true, "length": true, "size": true, "color": true, "domain": true, "policy": true, "changed": true}
	persons = map[string]bool{"user": true, "person": true, "customer": true, "contact": true, "member": true, "author": true, "employee": true, "patient": true,
		"student": true, "teacher": true, "subscriber": true, "guest": true, "attendee": true, "participant": true, "lead": true, "client": true, "profile": true, "candidate": true,
		"driver": true, "agent": true, "owner": true, "visitor": true, "staff": true, "applicant": true, "recipient": true, "donor": true, "instructor": true, "actor": true, "account": false}
)
