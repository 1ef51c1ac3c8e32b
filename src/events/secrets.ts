// What counts as a secret: shapes that are known, and values that were handed over.
//
// Owns:      the shapes of keys and tokens, and which variables of an environment hold a secret.
// Does not:  blot anything out (mask.ts).
// Always:    the beginning of a shape is public (`ghp_`, `AKIA`): it may be shown, and only what follows is blotted out.

export type SecretShape = {
  /** Any of these begins it. ASCII. */
  readonly begins: readonly string[]
  /** Characters of the part that is secret. */
  readonly body: RegExp
  /** Characters of the body from which it is one. */
  readonly least: number
  /** Nothing of a word may stand before it, and the body must look drawn by lot: `task-list` holds `sk-`. */
  readonly weak?: true
  /** The body ends before this text. */
  readonly until?: string
}

const WORD = /[A-Za-z0-9_-]/
const ALNUM = /[A-Za-z0-9]/

export const SECRET_SHAPES: readonly SecretShape[] = [
  // Models: Anthropic, OpenAI and those that took over `sk-`, Google, xAI, Groq, Perplexity, Hugging Face, Replicate.
  { begins: ['sk-ant-', 'sk-proj-', 'sk-svcacct-', 'sk-admin-', 'sk-or-v1-'], body: WORD, least: 8 },
  { begins: ['sk-'], body: WORD, least: 20, weak: true },
  { begins: ['AIza'], body: WORD, least: 30 },
  { begins: ['ya29.'], body: WORD, least: 20 },
  { begins: ['xai-', 'gsk_', 'pplx-', 'hf_', 'r8_'], body: ALNUM, least: 20, weak: true },
  // Forges and registries: GitHub, GitLab, npm, PyPI, Docker.
  { begins: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'], body: ALNUM, least: 20 },
  { begins: ['github_pat_'], body: WORD, least: 20 },
  {
    begins: ['pat', 'ptt', 'dt', 'rt', 'rtr', 'cbt', 'agent', 'oas', 'ft', 'imt', 'soat', 'feat'].map(
      (kind) => `gl${kind}-`,
    ),
    body: /[A-Za-z0-9_.-]/,
    least: 18,
  },
  { begins: ['npm_'], body: ALNUM, least: 30 },
  { begins: ['pypi-'], body: WORD, least: 20, weak: true },
  { begins: ['dckr_pat_', 'dckr_oat_'], body: WORD, least: 16 },
  // Clouds and services: AWS, DigitalOcean, Azure, Slack, Stripe, SendGrid, Twilio, Shopify.
  { begins: ['AKIA', 'ASIA'], body: /[A-Z0-9]/, least: 16 },
  {
    begins: ['aws_secret_access_key=', 'AWS_SECRET_ACCESS_KEY=', 'aws_secret_access_key = '],
    body: /[A-Za-z0-9/+]/,
    least: 30,
  },
  { begins: ['dop_v1_', 'doo_v1_', 'dor_v1_'], body: /[a-f0-9]/, least: 32 },
  { begins: ['AccountKey='], body: /[A-Za-z0-9/+=]/, least: 40 },
  {
    begins: ['a', 'b', 'e', 'o', 'p', 'r', 's'].map((kind) => `xox${kind}-`),
    body: /[A-Za-z0-9.-]/,
    least: 10,
  },
  { begins: ['xapp-'], body: /[A-Za-z0-9-]/, least: 10 },
  { begins: ['hooks.slack.com/services/'], body: /[A-Za-z0-9/]/, least: 20 },
  { begins: ['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_', 'whsec_'], body: ALNUM, least: 16 },
  { begins: ['SG.'], body: /[A-Za-z0-9_.-]/, least: 40, weak: true },
  { begins: ['shpat_', 'shpss_', 'shpca_'], body: ALNUM, least: 20 },
  // Ours: of sessions, and of the person.
  { begins: ['gts_', 'gto_'], body: /[A-Za-z0-9_.-]/, least: 20 },
  // The head of a JSON web token says which algorithm it is; claims and signature are the secret.
  { begins: ['.eyJ'], body: /[A-Za-z0-9_.=-]/, least: 12 },
  {
    begins: ['Bearer ', 'bearer ', 'Authorization: Basic ', 'authorization: Basic ', 'authorization: basic '],
    body: /[A-Za-z0-9._~+/=-]/,
    least: 12,
    weak: true,
  },
  {
    begins: [
      ...['', 'RSA ', 'EC ', 'DSA ', 'OPENSSH ', 'ENCRYPTED '].map((kind) => `BEGIN ${kind}PRIVATE KEY-----`),
      'BEGIN PGP PRIVATE KEY BLOCK-----',
    ],
    // With the headers of older keys, and line ends as JSON writes them.
    body: /[A-Za-z0-9+/=:,\s\\-]/,
    least: 0,
    until: '-----',
  },
]

/** Characters below which a value is no secret: too short to be one, and too common a word to blot out. */
export const SECRET_CHARS_MIN = 8

const SECRET_NAME = /KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL/i
/** Say where a secret is, not what it is. */
const PLACE_NAME = /_(FILE|PATH|DIR|NAME|ID|URL|SOCK|HELPER)$/i

/** Values of the variables whose names say that they hold a secret, values of headers, and passwords in URLs. */
export function secretValues(env: Readonly<Record<string, string | undefined>>): string[] {
  const found = new Set<string>()
  for (const [name, value = ''] of Object.entries(env)) {
    const isSecret = SECRET_NAME.test(name) && !PLACE_NAME.test(name) && !value.startsWith('/')
    const parts = /_HEADERS$/i.test(name) ? headerValues(value) : passwords(value)
    for (const secret of isSecret ? [value, ...parts] : parts)
      if (secret.length >= SECRET_CHARS_MIN) found.add(secret)
  }
  return [...found]
}

/** Of `Name: value` a line. */
const headerValues = (headers: string): string[] =>
  headers.split(/\\n|\n/).map((line) => line.slice(line.indexOf(':') + 1).trim())

/** Of a proxy, say, as it is written and as it is meant. */
function passwords(value: string): string[] {
  const [, written] = /^[a-z][a-z0-9+.-]*:\/\/[^/@:\s]*:([^/@\s]+)@/i.exec(value) ?? []
  if (written === undefined) return []
  try {
    return [written, decodeURIComponent(written)]
  } catch {
    return [written]
  }
}
