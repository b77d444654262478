/** What text of the terminal view is coloured by: a status, a severity, or its place. */

import type { SeverityName, StatusName } from '../picture/vocabulary.js';

export type InkName = StatusName | SeverityName | 'dim' | 'bold' | 'heading' | 'command' | 'selected';
