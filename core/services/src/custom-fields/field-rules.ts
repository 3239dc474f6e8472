import { customNamePattern } from '@opsflux/data'
import { customFieldLimits as limits, indexedCustomFieldKinds, OpsFluxError, type CustomField, type FieldError, type Json } from '@opsflux/sdk'

type Rules = Pick<CustomField, 'name' | 'kind' | 'label' | 'help' | 'index' | 'min' | 'max' | 'maxLength' | 'precision' | 'scale' | 'values'>

/** What each kind takes besides. */
const rulesOfKind: Record<CustomField['kind'], readonly (keyof Rules)[]> = {
  string: ['maxLength'], text: ['maxLength'], integer: ['min', 'max'], decimal: ['precision', 'scale'], enum: ['values'], boolean: [], date: [], datetime: [], user: [],
}
const kindRules = ['min', 'max', 'maxLength', 'precision', 'scale', 'values'] as const

/** @throws validation-failed with everything that is wrong */
export function checkField(field: Rules): void {
  const errors = [...checkName(field), ...checkTexts('label', field.label, limits.label), ...checkTexts('help', field.help ?? {}, limits.help), ...checkKind(field), ...checkNumbers(field), ...checkValues(field)]
  if (errors.length > 0) throw failed(errors)
}

/** What is there stays: a value that records may have is not taken away. @throws validation-failed */
export function checkGrowth(before: readonly string[] = [], after: readonly string[] = []): void {
  const missing = before.filter((value) => !after.includes(value))
  if (missing.length > 0) throw failed([wrong('/values', 'taken-away', `Records may have ${missing.slice(0, 5).join(', ')}: values can be added, not taken away.`)])
}

function failed(errors: FieldError[]): OpsFluxError {
  return new OpsFluxError('validation-failed', `Correct ${[...new Set(errors.map(({ path }) => path.split('/')[1]))].join(', ')} and send it again.`, { data: { errors: errors as unknown as Json } })
}

const wrong = (path: string, code: string, message: string): FieldError => ({ path, code, message })

function checkName({ name }: Rules): FieldError[] {
  return customNamePattern.test(name) ? [] : [wrong('/name', 'pattern', `A name begins with a small letter and has up to ${limits.name} letters and digits, such as badgeNumber.`)]
}

function checkTexts(path: string, texts: NonNullable<Rules['help']>, maxLength: number): FieldError[] {
  return Object.entries(texts).flatMap(([language, text = '']) => {
    if (text.trim() === '') return [wrong(`/${path}/${language}`, 'required', 'A text is required.')]
    if ([...text].length > maxLength) return [wrong(`/${path}/${language}`, 'too-long', `At most ${maxLength} characters.`)]
    return isStorable(text) ? [] : [wrong(`/${path}/${language}`, 'format', 'Contains a NUL character or half a character.')]
  })
}

const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed()

function checkKind(field: Rules): FieldError[] {
  const taken = rulesOfKind[field.kind]
  const strange = kindRules.filter((rule) => field[rule] !== undefined && !taken.includes(rule)).map((rule) => wrong(`/${rule}`, 'not-for-kind', `A field of the kind ${field.kind} has none.`))
  const isIndexed = field.index !== true || (indexedCustomFieldKinds as readonly string[]).includes(field.kind)
  return isIndexed ? strange : [...strange, wrong('/index', 'not-for-kind', 'Long texts have no index.')]
}

function checkNumbers({ kind, min, max, maxLength, precision, scale = 0 }: Rules): FieldError[] {
  const errors: FieldError[] = []
  const isWhole = (value: number | undefined, from: number, to: number): boolean => value === undefined || (Number.isSafeInteger(value) && value >= from && value <= to)
  for (const [rule, value] of [['min', min], ['max', max]] as const) {
    if (!isWhole(value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)) errors.push(wrong(`/${rule}`, 'type', 'Expected a whole number.'))
  }
  if (min !== undefined && max !== undefined && min > max) errors.push(wrong('/max', 'too-small', `At least ${min}.`))
  const longest = kind === 'text' ? limits.text : limits.string
  if (!isWhole(maxLength, 1, longest)) errors.push(wrong('/maxLength', 'range', `From 1 to ${longest}.`))
  if (!isWhole(precision, 1, limits.precision)) errors.push(wrong('/precision', 'range', `From 1 to ${limits.precision}.`))
  if (!isWhole(scale, 0, precision ?? 18)) errors.push(wrong('/scale', 'range', `From 0 to ${precision ?? 18}.`))
  return errors
}

function checkValues({ kind, values }: Rules): FieldError[] {
  if (kind !== 'enum') return []
  if (values === undefined || values.length === 0) return [wrong('/values', 'required', 'A list has values to choose from.')]
  if (values.length > limits.values) return [wrong('/values', 'too-many', `At most ${limits.values} values.`)]
  return values.flatMap((value, index) => {
    if (value.trim() !== value || value === '') return [wrong(`/values/${index}`, 'format', 'A value is not empty and has no spaces around it.')]
    if ([...value].length > limits.value) return [wrong(`/values/${index}`, 'too-long', `At most ${limits.value} characters.`)]
    if (!isStorable(value)) return [wrong(`/values/${index}`, 'format', 'Contains a NUL character or half a character.')]
    return values.indexOf(value) < index ? [wrong(`/values/${index}`, 'twice', 'Is in the list already.')] : []
  })
}
