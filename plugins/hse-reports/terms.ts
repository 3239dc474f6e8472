/**
 * Classes of an incident, worst first. The first five are injuries, in the terms of IOGP:
 * FAT, LWDC (lost work day), RWDC (restricted work day), MTC (medical treatment), FAC (first aid).
 */
export const incidentTypes = [
  'fatality', 'lostTime', 'restrictedWork', 'medicalTreatment', 'firstAid',
  'nearMiss', 'propertyDamage', 'environmental', 'processSafety',
] as const
export type IncidentType = (typeof incidentTypes)[number]

/** Somebody was hurt. */
export const injuryTypes: readonly string[] = ['fatality', 'lostTime', 'restrictedWork', 'medicalTreatment', 'firstAid']
/** Cases of TRIR: fatalities, lost work days, restricted work and medical treatment; first aid is not recordable. */
export const recordableTypes = ['fatality', 'lostTime', 'restrictedWork', 'medicalTreatment'] as const
/** Cases of LTIF: fatalities and lost work days. */
export const lostTimeTypes: readonly string[] = ['fatality', 'lostTime']

/** I is the slightest, VI the worst: the scale in which the mining and metals industry publishes its accidents. */
export const severities = ['I', 'II', 'III', 'IV', 'V', 'VI'] as const
export type Severity = (typeof severities)[number]

export const riskLevels = ['low', 'medium', 'high', 'critical'] as const
export type RiskLevel = (typeof riskLevels)[number]

export const employers = ['company', 'contractor'] as const
