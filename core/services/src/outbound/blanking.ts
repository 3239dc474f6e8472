const blank = '[secret]'
/** Shorter texts are found everywhere in other spellings. */
const leastSpelled = 4

/**
 * Takes secrets out of what a remote server sends back: plain, and as servers that echo their requests spell them. Keeps an
 * honest server's answer from handing a plugin what it was never given; who reads the secret may of course disguise it.
 */
export class Blanking {
  readonly #spellings: readonly string[]

  constructor(secrets: readonly string[]) {
    // The longest first: one may be part of another.
    this.#spellings = [...new Set(secrets.flatMap(spellings))].toSorted((a, b) => b.length - a.length)
  }

  get isNeeded(): boolean {
    return this.#spellings.length > 0
  }

  /** @param text each character one byte, as `latin1` reads them */
  bytes(text: string): string {
    let shown = text
    let searched = shown.toLowerCase()
    for (const spelling of this.#spellings) {
      if (!searched.includes(spelling)) continue
      shown = replaceAll(shown, searched, spelling)
      searched = shown.toLowerCase()
    }
    return shown
  }

  text(text: string): string {
    return this.isNeeded ? Buffer.from(this.bytes(Buffer.from(text).toString('latin1')), 'latin1').toString() : text
  }
}

/** As `latin1` reads the bytes of each, in lower case. */
function spellings(secret: string): string[] {
  // A header carries it in latin1; what is made of it later may be UTF-8.
  const forms = [Buffer.from(secret), Buffer.from(secret, 'latin1')]
  const plain = forms.map((bytes) => bytes.toString('latin1'))
  const others = secret.length < leastSpelled ? [] : [
    Buffer.from(JSON.stringify(secret).slice(1, -1)).toString('latin1'), encodeURIComponent(secret),
    ...forms.flatMap((bytes) => [bytes.toString('hex'), bytes.toString('base64'), bytes.toString('base64url'), ...base64Spellings(bytes)]),
  ]
  return [...plain, ...others].map((spelling) => spelling.toLowerCase()).filter((spelling) => spelling !== '')
}

/** In base64 a text looks different at each of three offsets; the characters shared with its neighbours are left out. */
function base64Spellings(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64').replace(/=+$/, '')
    const isCut = (offset + bytes.length) % 3 !== 0
    const own = encoded.slice(offset === 0 ? 0 : offset + 1, isCut ? -1 : undefined)
    return own.length < leastSpelled ? [] : [own, own.replaceAll('+', '-').replaceAll('/', '_')]
  })
}

/** Letter case apart, as host names come back: `searched` is the text in lower case, which in `latin1` changes no length. */
function replaceAll(text: string, searched: string, spelling: string): string {
  const parts: string[] = []
  let from = 0
  for (let found = searched.indexOf(spelling); found >= 0; found = searched.indexOf(spelling, from)) {
    parts.push(text.slice(from, found), blank)
    from = found + spelling.length
  }
  return parts.join('') + text.slice(from)
}
