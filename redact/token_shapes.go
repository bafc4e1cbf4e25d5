package redact

import (
	"strconv"
	"strings"
)

// tokenShapes are the shapes of tokens as their services publish them: literal text, and in braces the letter of a set
// (see tokenSet) with its length, "n" or "min,max" or "min,". A rule may have several shapes.
var tokenShapes = parseShapes(`
aws-access-key          AKIA{u16} ASIA{u16} ABIA{u16} ACCA{u16} A3T{u17} ABSK{b100,300} bedrock-api-key-{b60,}
github-token            ghp_{a36,255} gho_{a36,255} ghu_{a36,255} ghs_{a36,255} ghr_{a36,255} github_pat_{w40,255}
gitlab-token            glpat-{t20,300} gldt-{w20,} glrt-{t20,300} glcbt-{t20,} glptt-{w40} glft-{w20,} glimt-{w20,} glagent-{w40,} gloas-{w64} glsoat-{w20,} glffct-{w20,} GR1348941{w20}
slack-token             xoxb-{w20,} xoxp-{w20,} xoxa-{w20,} xoxr-{w20,} xoxs-{w20,} xoxo-{w20,} xoxc-{w20,} xoxd-{q20,} xoxe-{w20,} xoxe.xoxp-{w20,} xoxe.xoxb-{w20,} xapp-{d1}-{w20,}
stripe-key              sk_live_{a10,255} sk_test_{a10,255} sk_prod_{a10,255} rk_live_{a10,255} rk_test_{a10,255} rk_prod_{a10,255} whsec_{b20,128} whsk_{a20,128}
google-api-key          AIza{w35}
appsync-key             da2-{l26}
apify-token             apify_api_{a34,38}
composio-key            ak_{w20}
canva-secret            cnvca{w51}
octopus-key             API-{u26}
mongodb-atlas-secret    mdb_sa_sk_{w36,60}
devcycle-key            dvc_server_{a8,40}
ramp-secret             ramp_sec_{a48}
arcjet-key              ajkey_{l26}
fleetbase-key           flb_live_{a20}
ubidots-token           BBFF-{a30}
onesignal-key           os_v2_app_{l103} os_v2_org_{l103}
devin-key               apk_user_{b100,190}
discord-mfa             mfa.{w84}
encoded-jwt             ZXlK{b80,}
vault-old-token         s.{a24}
salesforce-key          3MVG9{t80,251}
mercury-token           secret-token:mercury_production_{w40,80}
pubnub-secret           sec-c-{b48}
google-oauth            1//0{w40,} GOCSPX-{w28} ya29.{t20,} ya29.a0{w20,}
openai-key              sk-proj-{w20,} sk-svcacct-{w20,} sk-admin-{w20,} sk-None-{w20,} sk-{a20,255}
anthropic-key           sk-ant-{w20,}
openrouter-key          sk-or-v1-{h64} sk-or-{w20,}
langfuse-key            sk-lf-{h8}-{h4}-{h4}-{h4}-{h12}
npm-token               npm_{a36}
pypi-token              pypi-{w50,}
sendgrid-key            SG.{w16,32}.{w16,64}
digitalocean-token      dop_v1_{h64} doo_v1_{h64} dor_v1_{h64}
huggingface-token       hf_{a30,40} api_org_{a34}
shopify-token           shpat_{x32} shpca_{x32} shppa_{x32} shpss_{x32} shpua_{x32} shptka_{x32}
square-token            sq0atp-{w22} sq0csp-{w43} sq0idp-{w22} EAAA{w60}
facebook-token          EAAC{a30,} EAAM{a30,} EAAB{a30,} EAAG{a30,} EAAD{a30,} EAAE{a30,} EAAF{a30,} EAAI{a30,} EAAH{a30,} EAAJ{a30,} EAAK{a30,} EAAL{a30,} IGQV{w60,}
mailgun-key             key-{h32} pubkey-{h32}
databricks-token        dapi{h32} dapi{h32}-{d1}
doppler-token           dp.pt.{a40,44} dp.st.{t40,80} dp.ct.{a40,44} dp.sa.{a40,44} dp.scim.{a40,44} dp.audit.{a40,44}
dynatrace-token         dt0c01.{u24}.{u64} dt0s01.{u8,24}.{u64} dt0s02.{u8,24}.{u64} dt0s16.{u8,24}.{u64}
easypost-key            EZAK{a54} EZTK{a54}
flutterwave-key         FLWSECK_TEST-{l32}-X FLWSECK-{l32}-X FLWSECK_TEST-{l12,} FLWPUBK_TEST-{l32}-X FLWPUBK-{l32}-X
grafana-token           glc_{b32,400} glsa_{a32}_{x8} eyJrIjoi{b60,}
vault-token             hvs.{w20,} hvb.{w20,} hvr.{w20,}
heroku-key              HRKU-{w30,70}
linear-key              lin_api_{a40} lin_oauth_{h64} lin_wh_{a20,}
newrelic-key            NRAK-{u27} NRII-{w32} NRJS-{h19} NRAA-{h27} NRRA-{h42} NRAL-{w20,} NRIQ-{w32}
notion-token            ntn_{d11}{a35} secret_{a43}
planetscale-token       pscale_tkn_{t32,64} pscale_pw_{t32,64} pscale_oauth_{t32,64} pscale_api_{t32,64}
postman-key             PMAK-{x24}-{x34}
prefect-key             pnu_{a36} pnb_{a36}
pulumi-token            pul-{h40}
readme-key              rdme_{l70}
rubygems-key            rubygems_{h48}
brevo-key               xkeysib-{h64}-{a16} xsmtpsib-{h64}-{a16}
sentry-token            sntrys_{b40,} sntryu_{h64} sntrys_{w40,}
shippo-key              shippo_live_{x40} shippo_test_{x40}
typeform-token          tfp_{t40,80}
yandex-token            AQVN{w35,38} y0_{w40,} t1.{t60,} YCAJE{w20,} YCA{w30,}
onepassword-token       ops_eyJ{b100,} A3-{u6}-{u6}-{u5}-{u5}-{u5} A3-{u6}-{u11}-{u5}-{u5}-{u5}
adobe-secret            p8e-{w32}
age-key                 AGE-SECRET-KEY-1{u58}
alibaba-key             LTAI{a12,30}
artifactory-token       AKCp{a65,75} cmVmdGtu{a50,70}
atlassian-token         ATATT3{t60,300} ATCTT3{t60,300} ATBB{a24,64} ATTA{x60,80}
clojars-token           CLOJARS_{l60}
cloudflare-key          v1.0-{h24}-{h146} cfut_{a30,} cfat_{a30,}
contentful-token        CFPAT-{w43}
duffel-token            duffel_live_{w43} duffel_test_{w43}
fly-token               fo1_{w43} fm1r_{b80,} fm1a_{b80,} fm2_{b80,}
frameio-token           fio-u-{w64}
harness-token           pat.{w22}.{w24}.{w20} sat.{w22}.{w24}.{w20}
infracost-key           ico-{a32}
mailersend-key          mlsn.{h64}
mapbox-token            sk.eyJ{t60,} pk.eyJ{t60,} tk.eyJ{t60,}
netlify-token           nfp_{a36,44} nfc_{a36,44} nfu_{a36,44}
nuget-key               oy2{l43}
openshift-token         sha256~{w43}
perplexity-key          pplx-{a40,60}
plaid-token             access-sandbox-{h8}-{h4}-{h4}-{h4}-{h12} access-production-{h8}-{h4}-{h4}-{h4}-{h12} access-development-{h8}-{h4}-{h4}-{h4}-{h12}
replicate-token         r8_{a37,40}
groq-key                gsk_{a52}
xai-key                 xai-{a70,90}
langsmith-key           lsv2_pt_{h32}_{h10} lsv2_sk_{h32}_{h10}
pinecone-key            pcsk_{w40,}
nvidia-key              nvapi-{w60,80}
elevenlabs-key          sk_{h48}
tavily-key              tvly-{w24,}
together-key            tgp_v1_{w40,}
fireworks-key           fw_{a20,}
cerebras-key            csk-{l40,}
jina-key                jina_{w40,}
vercel-token            vercel_blob_rw_{w30,} vcp_{a20,} vck_{a20,}
supabase-key            sbp_{h40} sb_secret_{w20,} sbp_v0_{h40}
neon-key                napi_{l40,}
render-key              rnd_{a24,}
resend-key              re_{a8}_{a24} re_{a8,12}_{a20,28}
posthog-key             phx_{a40,} phs_{a40,}
figma-token             figd_{w38,} figu_{w38,} figo_{w38,}
airtable-token          pat{a14}.{h64}
clickup-token           pk_{d6,9}_{u32}
dropbox-token           sl.{w60,} sl.u.{w60,}
zoho-token              1000.{h32}.{h32}
hubspot-token           pat-na1-{h8}-{h4}-{h4}-{h4}-{h12} pat-eu1-{h8}-{h4}-{h4}-{h4}-{h12} pat-na2-{h8}-{h4}-{h4}-{h4}-{h12}
sourcegraph-token       sgp_{x16}_{x40} sgp_local_{x40} sgp_{x40} slk_{x64} sgd_{x64}
segment-token           sgp_{a64}
scalingo-token          tk-us-{w48}
sonar-token             squ_{h40} sqp_{h40} sqa_{h40}
tailscale-key           tskey-auth-{a12,}-{a20,} tskey-api-{a12,}-{a20,} tskey-client-{a12,}-{a20,} tskey-{a20,}
twitter-token           AAAAAAAAAAAAAAAAAAAA{q60,}
wakatime-key            waka_{h8}-{h4}-{h4}-{h4}-{h12}
buildkite-token         bkua_{h40} bkpt_{h40} bkat_{a40,}
circleci-token          CCIPAT_{a20,}_{h40} CCIPRJ_{a20,}_{h40}
docker-token            dckr_pat_{w27,} dckr_oat_{w32,}
databento-key           db-{a29}
deno-token              ddp_{a36} ddw_{a36}
launchdarkly-key        sdk-{h8}-{h4}-{h4}-{h4}-{h12} api-{h8}-{h4}-{h4}-{h4}-{h12} mob-{h8}-{h4}-{h4}-{h4}-{h12}
lob-key                 live_{h35} test_{h35} live_pub_{h31} test_pub_{h31}
gocardless-token        live_{w40} sandbox_{w40}
openvsx-token           ovsxat_{h8}-{h4}-{h4}-{h4}-{h12}
paypal-token            access_token$production${l16}${h32} access_token$sandbox${l16}${h32}
razorpay-key            rzp_live_{a14} rzp_test_{a14}
rootly-key              rootly_{h64}
runpod-key              rpa_{a40,}
twilio-key              SK{h32}
tencent-key             AKID{a32}
volcengine-key          AKLT{b30,}
intra42-secret          s-s4t2ud-{h64} s-s4t2af-{h64}
authress-key            sc_{l5,30}.{l4,6}.acc_{l10,32}.{t30,125} ext_{l5,30}.{l4,6}.acc_{l10,32}.{t30,125}
expo-token              ExponentPushToken[{w20,}
sendbird-key            sbk_{a30,}
zuplo-key               zpka_{a32}_{h8}
valtown-token           vtwn_{a20,}
ngrok-key               ak_{a25,40} ngrok_{w40,}
temporal-key            tmprl_{w30,}
thunderstore-token      tss_{a30,}
checkout-key            sk_sbox_{l28,36} sk_{l27,31}
braintree-token         access_token${l7,10}${l16}${h32}
aiven-token             aivenv1{w40,}
azure-devops-token      AZDO{a20,}
openai-org-key          sess-{a40}
stytch-secret           secret-live-{w36} secret-test-{w36}
nextcloud-token         nc_{a40,}
gitea-token             gta_{h40}
codeberg-token          cbt_{h40}
hashicorp-token         hcp_{w40,}
cockroach-key           CCDB1_{a22}_{a40}
confluent-secret        cflt{b60}
snyk-token              snyk_uat.{h8}.{t40,} snyk_sat.{h8}.{t40,}
lightspark-key          lightspark_{w30,}
aws-mws-key             amzn.mws.{h8}-{h4}-{h4}-{h4}-{h12}
gcs-hmac-id             GOOG1E{u50,64} GOOG{u20}
woocommerce-key         ck_{h40} cs_{h40}
riot-key                RGAPI-{h8}-{h4}-{h4}-{h4}-{h12}
mandrill-key            md-{w22}
crates-token            cio{a32}
akamai-token            akab-{l16}-{l16}
neon-password           npg_{a12,}
firebase-key            AAAA{w7}:APA91b{w120,160}
paypal-access           A21AA{w60,}
samsara-token           samsara_api_{a30}
django-key              django-insecure-{a20,}
polar-token             polar_oat_{w40,} polar_pat_{w40,}
clerk-key               ak_live_{a30,} sk_clerk_{a30,}
lemonsqueezy-key        lsk_{a30,}
bitrise-token           brt_{a30,}
axiom-token             xaat-{h8}-{h4}-{h4}-{h4}-{h12} xapt-{h8}-{h4}-{h4}-{h4}-{h12}
turso-token             tursotok_{w30,}
e2b-key                 e2b_{h40}
firecrawl-key           fc-{h32}
knock-key               sk_knock_{w30,}
inngest-key             signkey-prod-{h64} signkey-test-{h64}
trigger-key             tr_dev_{a20,} tr_prod_{a20,}
password-hash           1${p1,8}${p22} 2a${d2}${p53} 2b${d2}${p53} 2x${d2}${p53} 2y${d2}${p53} 5${p1,16}${p43} 5$rounds={d1,9}${p1,16}${p43} 6${p1,16}${p86} 6$rounds={d1,9}${p1,16}${p86} 8${p8,16}${p43} 9${p8,16}${p43} y$j9T${p1,86}${p43} apr1${p1,8}${p22} argon2id$v={d2}$m={d1,9},t={d1,3},p={d1,3}${p8,90}${p20,180} argon2i$v={d2}$m={d1,9},t={d1,3},p={d1,3}${p8,90}${p20,180} SSHA}{b28,} SSHA256}{b40,} SSHA512}{b80,} pbkdf2_sha256${d3,8}${a8,64}${b40,90}
bitcoin-key             xprv{a100,111} yprv{a100,111} zprv{a100,111}
`)

// tokensBy lists the shapes for each hash of a first three bytes.
var tokensBy = func() (t [4096][]uint16) {
	add := func(first string, k int) {
		h := headHash([]byte(first+"..."), 0)
		for _, have := range t[h] {
			if int(have) == k {
				return
			}
		}
		t[h] = append(t[h], uint16(k))
	}
	for k, shape := range tokenShapes {
		lit := shape.parts[0].lit
		if len(lit) >= 3 {
			add(lit[:3], k)
			continue
		}
		for c := range 128 {
			if tokenSet[c]&shape.parts[1].set != 0 {
				add(lit+string(rune(c)), k)
			}
		}
	}
	add("eyJ", len(tokenShapes)-1) // a JSON Web Token
	return t
}()

// parseShapes reads a table of shapes. It panics on a mistake in it.
func parseShapes(table string) (shapes []tokenShape) {
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		for i := 1; i < len(fields); i++ {
			shapes = append(shapes, tokenShape{fields[0], parseShape(fields[i])})
		}
	}
	return shapes
}

func parseShape(s string) (parts []tokenPart) {
	for s != "" {
		lit, rest, run := strings.Cut(s, "{")
		if lit != "" {
			parts = append(parts, tokenPart{lit: lit})
		}
		if !run {
			return parts
		}
		spec, after, ok := strings.Cut(rest, "}")
		lo, hi, open := strings.Cut(spec[1:], ",")
		p := tokenPart{set: 1 << strings.IndexByte(tokenSets, spec[0]), max: maxToken}
		var err error
		if p.min, err = strconv.Atoi(lo); err != nil || !ok {
			panic("redact: shape " + s)
		}
		if p.max = p.min; open {
			if p.max = maxToken; hi != "" {
				p.max, _ = strconv.Atoi(hi)
			}
		}
		parts = append(parts, p)
		s = after
	}
	return parts
}

// maxToken is the longest run in a shape without a maximum.
const maxToken = 1024
