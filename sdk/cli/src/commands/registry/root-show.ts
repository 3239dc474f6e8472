import { describeDraft, draftInWords, readDraft, readRootContent, rootInWords } from '@opsflux/registry-repository'
import { parseRoot } from '@opsflux/registry-metadata'
import type { Command } from '../../command.ts'
import { jsonOf, readBytes } from './shared.ts'

export const show: Command = {
  summary: 'tells what a draft would change and who has signed it, or what a root says',
  argument: '<file>',
  options: {},
  async run(path) {
    const bytes = await readBytes(path, 'Give a draft or a root.json.')
    if (isDraft(bytes)) {
      const draft = readDraft(bytes)
      return { result: jsonOf(describeDraft(draft)), lines: draftInWords(draft) }
    }
    const root = parseRoot(bytes)
    return { result: jsonOf(readRootContent(root)), lines: rootInWords(root) }
  },
}

function isDraft(bytes: Buffer): boolean {
  return !bytes.includes('"signed"') || bytes.includes('"opsflux"')
}
