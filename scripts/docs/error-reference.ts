import { errorTable } from '@opsflux/sdk'

/** The text of `docs/reference/errors.md`. */
export function errorReference(): string {
  const rows = Object.entries(errorTable).map(([code, { status, title }]) => `| \`${code}\` | ${status} | ${title} |`)
  return `${introduction}\n| code | HTTP status | title |\n|---|---|---|\n${rows.join('\n')}\n`
}

const introduction = `# Error codes

Every error of the API is a problem document (RFC 9457, \`application/problem+json\`). \`code\` is one of this closed table and
never changes its meaning; \`title\` says it in short; \`detail\` says what happened, why, and the next step; \`validation-failed\`
adds \`errors\`, a list of \`{ path, code, message }\` with a JSON Pointer to each wrong value. Programs go by \`code\`.

\`\`\`json
{
  "type": "urn:opsflux:error:validation-failed",
  "title": "Some values are not accepted",
  "status": 422,
  "code": "validation-failed",
  "detail": "Correct occurredAt and send it again.",
  "errors": [{ "path": "/occurredAt", "code": "required", "message": "A value is required." }]
}
\`\`\`

Made from [the table in the SDK](../../sdk/plugin/src/errors.ts) by \`node scripts/docs/errors.ts\`.
`
