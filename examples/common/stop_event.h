/* Windows has no signal that asks another process to end: the programs wait for an event that is named after
   their process id, and whoever sets it asks. */
#ifndef EXAMPLES_STOP_EVENT_H
#define EXAMPLES_STOP_EVENT_H

#include <windows.h>

#include <stdio.h>

/* Makes the event, or opens it if it is there. NULL when that fails. */
static inline HANDLE stop_event(DWORD process) {
  wchar_t name[64];
  swprintf(name, sizeof name / sizeof *name, L"Local\\eddy-stop-%lu", (unsigned long)process);
  return CreateEventW(NULL, FALSE, FALSE, name);
}

#endif
