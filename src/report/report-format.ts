/** The forms in which a report comes. */

export const REPORT_FORMATS = ['terminal', 'markdown', 'html', 'json'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];
