package redact

import "strings"

// builtinKeys is the table of words in keys.
var builtinKeys = func() *keySet {
	k := &keySet{table: &keyTable{}, quiet: new(quietKeys), judged: new(judgedKeys)}
	add := func(t keyTrait, words string) {
		for _, w := range strings.Fields(words) {
			k.table.add(w, t)
			if t&(keyStrong|keyWeak|keyCookie|keyNumber|keyFaint|keyRole) != 0 {
				k.table.addTail(w)
			}
		}
	}
	add(keyStrong, `password passwords passwd passwds pwd pwds passphrase passphrases passwort kennwort contrasena senha motdepasse
		pass psw pswd pword secret secrets credential credentials creds cred apikey apikeys apitoken secretkey accesskey privatekey privkey
		clientsecret appsecret apisecret accesstoken refreshtoken authtoken bearertoken idtoken sessiontoken usertoken bottoken
		authkey masterkey encryptionkey signingkey accountkey sharedkey storagekey sharedaccesskey sharedaccesssignature
		requirepass masterauth keypass storepass webhooksecret rootpw rootpwd userpass dbpass dbpwd dbpw userpwd psk skey presharedkey
		wachtwoord adgangskode losenord salasana jelszo heslo haslo parola lozinka sifre mdp motpasse
		bindpw ldappw passin passout pw apikeysecret secretaccesskey sshpass pgpassword`)
	add(keyWeak, `token tokens jwt bearer authorization auth authentication oauth oauth2 sid sessionid sessid phpsessid jsessionid
		signature sig xsrf csrf saml assertion connectionstring webhook pat sas licence license apptoken ticket
		session authcode hmac salt pepper seed dsn samlresponse authkey privkey`)
	add(keyNoun, `key keys code value string`)
	add(keyName, `key keys code`)
	add(keyTrust, `api access private priv secret encryption encrypt decryption decrypt signing sign master account storage shared admin
		app application client consumer developer dev integration server service deploy deployment ssh hmac aes rsa ecdsa gpg pgp
		jwt session auth authentication authorization webhook license bot account rest recovery backup verification merchant
		maps`)
	add(keyTrust|keyFaint, `aws azure gcp google github gitlab bitbucket stripe twilio sendgrid mailgun mailchimp datadog newrelic sentry slack
		discord telegram heroku algolia openai anthropic cohere huggingface cloudflare fastly linode digitalocean vultr alchemy
		infura etherscan okta auth0 mixpanel amplitude intercom zendesk hubspot shopify square paypal plaid braintree adyen
		dropbox asana trello jira atlassian confluence notion airtable clickup pagerduty opsgenie statuspage grafana honeycomb
		loggly sumologic splunk elastic snyk sonar codecov coveralls circleci travis jenkins buildkite npm pypi nuget
		artifactory dockerhub terraform vault consul nomad mapbox tomtom yandex vk weibo wechat alipay kakao naver baidu
		alibaba aliyun tencent huawei twitter facebook fb instagram adafruit adobe backblaze bitly bittrex clearbit clojars
		codeclimate dnsimple droneci duffel etsy fullstory gitter godaddy gumroad hashicorp harness hetzner ibm infracost jfrog
		keycloak kubernetes lastfm lemonsqueezy mattermost ngrok nytimes openshift ovh riot scaleway scalingo sendbird sidekiq
		sourcegraph squarespace steam stytch sumo supabase tailscale tatum travisci typesense uploadcare wakatime wepay
		woocommerce workos zapier zerotier zoho zuora beamer logdna logz linkedin pinterest reddit twitch spotify youtube zoom
		webex calendly typeform messagebird nexmo vonage plivo postmark sparkpost sendinblue brevo mailjet mandrill pusher
		pubnub ably onesignal firebase fcm apns launchdarkly optimizely contentful sanity prismic storyblok easypost coinbase
		binance kraken bitfinex finnhub polygon alphavantage finicity freshbooks xero quickbooks gocardless lob kenna neon
		fauna mongodb atlas snowflake databricks rapid ipstack weather openweather sonarqube dynatrace rollbar bugsnag
		tyntec geoapify faceplusplus virustotal shodan censys urlscan scrapingbee scrapfly scrapestack scraperapi serpapi serpstack
		positionstack marketstack mediastack aviationstack currencylayer coinlayer weatherbit weatherstack ipgeolocation ipinfo ipinfodb
		numverify mailboxlayer userstack pdflayer screenshotlayer languagelayer vatlayer fixerio exchangerates rawg unsplash pixabay
		pastebin jotform calendarific abuseipdb alienvault greynoise hunterio zerobounce clearout snov rocketreach lokalise
		crowdin transifex smartling meistertask toggl clockify everhour baremetrics chartmogul chargebee recurly taxjar avalara
		moosend getresponse sendgrid elasticemail pepipost mailerlite mailmodo customerio klaviyo iterable braze optimizely vwo
		foursquare mapquest graphhopper geocodio opencage locationiq ticketmaster edamam spoonacular nutritionix openuv airvisual
		accuweather tomorrowio visualcrossing meaningcloud aylien diffbot imagga clarifai cloudinary imagekit imgix uploadcare
		assemblyai deepgram speechmatics voyageai mistral groq deepseek replicate perplexity togetherai
		jumpcloud onelogin workos stytch passbase plivo telnyx sinch bandwidth clicksend textmagic pushbullet pushover onfido
		tradier tiingo iexcloud twelvedata alphavantage finage oanda bitmex bitfinex kucoin luno coinapi cryptocompare glassnode
		ethplorer etherscan nftport quicknode moralis chainstack rebrandly bitly tinyurl strapi webflow kontent storyblok
		snipcart bigcommerce magento pipedrive insightly freshdesk freshworks helpscout helpcrunch liveagent gorgias
		flutterwave paystack razorpay mollie doppler kucoin planetscale prefect pulumi rapidapi readme rubygems shippo
		mailerlite strava`)
	add(keyTrust, `box line linear drone segment phrase messenger team docker here`)
	add(keyCookie, `cookie cookies setcookie`)
	add(keyNumber, `pin otp totp cvc cvv cvv2 cvc2 csc mfa passcode passcodes`)
	add(keyRole, `value default content string parametervalue data stringdata kind kty passphrase passe mnemonic lines authorization disposition`)
	add(keyStrong, `passphrase`)
	add(keyAbout, `count counts at on in by url urls uri uris expires expiry expiration expire expired expirytime ttl time timeout timestamp
		date days hours minutes seconds ms length len size type types kind name names file files filename path paths dir directory
		policy policies hint status state error errors err invalid required enabled disabled enable disable changed change changes
		updated update created create reset limit limits used usage age version format field fields label manager provider
		store class algorithm alg method methods scheme strength attempts attempt retries max min prompt rotation confirmation
		header headers prefix suffix index failures failure source ref arn endpoint host port user username email domain location
		mode only reader loader handler interceptor filter factory bean config configuration settings generator validator
		verifier parser lexer validation encoder service exchange cache rate bits budget budgets ids total
		input output form reset forgot message text title description placeholder template page view
		regex pattern schema param params parameter parameters property properties list map set group groups role roles
		present exists missing last first rule rules check checks checker hash hashes fingerprint thumbprint auth0id scope scopes
		issuer audience realm owner vault backend engine plugin module interval period delay valid allowed support supported
		available failed succeeded success granted denied response request requests result results event events callback`)
	add(keyPublic, `frandom public publishable pub page next continuation cursor sync cancel cancellation primary foreign partition sort
		routing cache idempotency lookup registry object hashed encrypted masked redacted pagination tokenizer keyboard`)
	add(keyPerson, `email mail address to phone number no telephone tel mobile cell cellphone fax msisdn whatsapp ssn security nino insurance
		nhs tfn medicare sin tax tin itin passport license licence pesel cpf cnpj dni nie nif curp aadhaar aadhar fiscale personnummer
		bsn insee nir id dob birth birthdate birthday birthdt iban account acct bban card cardno cc ccno pan cardnumber ccnumber
		emailaddress mailaddress phonenumber phoneno mobilenumber accountnumber accountno`)
	for _, w := range []string{"redacted", "verifier", "key", "keys", "code", "hash", "quot"} { // labels, queries, HTML
		k.table.addTail(w)
	}
	for _, w := range joined {
		for n := len(w) + 1; n <= maxKey; n++ {
			k.table.addTailOf(w, n)
		}
	}
	for w := range personalKeys {
		k.table.add(w, keyPerson)
		k.table.addTail(w)
	}
	k.personal = personalKeys
	return k
}()

// personalKeys are keys as their words joined.
var personalKeys = func() map[string]*personalKey {
	m := map[string]*personalKey{}
	add := func(p personalKey, keys string) {
		for _, w := range strings.Fields(keys) {
			m[w] = &p
		}
	}
	add(personalKey{Email, "key-email", func(v []byte) bool { return hasByte(v, '@') }},
		`email mail emailaddress mailaddress emailto emailfrom useremail`)
	add(personalKey{Phone, "key-phone", func(v []byte) bool { return digitsOnly(v, 5, 21, " +-.()/xext") }},
		`phone phonenumber phoneno telephone telephonenumber tel mobile mobilenumber mobilephone mobileno cell cellphone cellnumber
		fax faxnumber msisdn whatsapp homephone workphone`)
	add(personalKey{NationalID, "key-national-id", func(v []byte) bool { return codeLike(v, 5, 20) }},
		`ssn socialsecurity socialsecuritynumber nino nationalinsurance nationalinsurancenumber nhs nhsnumber nhsno tfn taxfilenumber
		medicare medicarenumber medicareno sin socialinsurancenumber nationalid nationalidnumber taxid taxidnumber taxnumber tin itin
		passport passportnumber passportno driverslicense driverlicense driverslicensenumber driverlicensenumber drivinglicence
		drivinglicencenumber licencenumber pesel cpf cnpj dni nie nif curp aadhaar aadhar codicefiscale personnummer bsn steuerid insee
		nir citizenid idnumber idcardnumber`)
	add(personalKey{NationalID, "key-birth-date", func(v []byte) bool { return digitsOnly(v, 4, 8, "-/. ") && len(v) >= 6 }},
		`dob dateofbirth birthdate birthday birthdt`)
	add(personalKey{BankAccount, "key-bank-account", func(v []byte) bool { return codeLike(v, 6, 40) }},
		`iban ibannumber bankaccount bankaccountnumber accountnumber accountno acctnumber routingnumber sortcode bban`)
	add(personalKey{Card, "key-card", func(v []byte) bool { return digitsOnly(v, 12, 19, " -") }},
		`card cardnumber cardno ccnumber ccno cc creditcard creditcardnumber creditcardno debitcard debitcardnumber pan primaryaccountnumber
		paymentcard`)
	return m
}()

func hasByte(v []byte, b byte) bool {
	for _, c := range v {
		if c == b {
			return true
		}
	}
	return false
}

// digitsOnly reports whether v has min to max digits and else only bytes of also.
func digitsOnly(v []byte, min, max int, also string) bool {
	n := 0
	for _, c := range v {
		if isDigit(c) {
			n++
		} else if !hasByte([]byte(also), c) {
			return false
		}
	}
	return n >= min && n <= max
}

// codeLike reports whether v has min to max letters and digits, at least four of them digits, and else only separators.
func codeLike(v []byte, min, max int) bool {
	n, digits := 0, 0
	for _, c := range v {
		switch {
		case isDigit(c):
			digits++
			n++
		case isAlnum(c):
			n++
		case c != ' ' && c != '-' && c != '.' && c != '/':
			return false
		}
	}
	return n >= min && n <= max && digits >= 4
}
