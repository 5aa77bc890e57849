#include "child.h"

#include "stop_event.h"

#include <string.h>
#include <wchar.h>

#define LONGEST 4096

/* "folder\name.exe" argument...: the arguments are plain words. */
static int command_line(wchar_t *line, const char *name, const char *const *arguments) {
  line[0] = L'"';
  DWORD length = GetModuleFileNameW(NULL, line + 1, LONGEST / 2);
  if (length == 0 || length == LONGEST / 2) return -1;
  wchar_t *end = wcsrchr(line, L'\\');
  if (!end) return -1;
  end++;
  end += swprintf(end, LONGEST - (size_t)(end - line), L"%hs.exe\"", name);
  for (; *arguments; arguments++) {
    size_t room = LONGEST - (size_t)(end - line);
    int written = swprintf(end, room, L" %hs", *arguments);
    if (written < 0 || (size_t)written >= room) return -1;
    end += written;
  }
  return 0;
}

/* A job that ends its processes when its last handle is closed: when this process is gone, at the latest. */
static HANDLE deadly_job(void) {
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {.BasicLimitInformation.LimitFlags =
                                                     JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE};
  HANDLE job = CreateJobObjectW(NULL, NULL);
  if (job) SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits);
  return job;
}

int child_start(struct child *child, const char *name, const char *const *arguments) {
  static wchar_t line[LONGEST];
  SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
  PROCESS_INFORMATION made;
  HANDLE output, its;
  *child = (struct child){0};
  if (command_line(line, name, arguments) != 0 || !CreatePipe(&output, &its, &inherited, 0))
    return -1;
  SetHandleInformation(output, HANDLE_FLAG_INHERIT, 0);
  STARTUPINFOW how = {.cb = sizeof how,
                      .dwFlags = STARTF_USESTDHANDLES,
                      .hStdInput = GetStdHandle(STD_INPUT_HANDLE),
                      .hStdOutput = its,
                      .hStdError = GetStdHandle(STD_ERROR_HANDLE)};
  BOOL started =
      CreateProcessW(NULL, line, NULL, NULL, TRUE, CREATE_NEW_PROCESS_GROUP | CREATE_SUSPENDED,
                     NULL, NULL, &how, &made);
  CloseHandle(its);
  if (!started) {
    fprintf(stderr, "%ls: error %lu\n", line, GetLastError());
    CloseHandle(output);
    return -1;
  }
  child->process = (intptr_t)made.hProcess;
  child->output = (intptr_t)output;
  child->ending =
      (intptr_t)stop_event(made.dwProcessId); /* before it runs, so that it cannot miss it */
  HANDLE job = deadly_job();
  child->job = (intptr_t)job;
  if (job) AssignProcessToJobObject(job, made.hProcess);
  ResumeThread(made.hThread);
  CloseHandle(made.hThread);
  return 0;
}

/* A pipe of this kind cannot be waited for with a time-out. */
int child_read(struct child *child, char *room, size_t size, int milliseconds) {
  HANDLE output = (HANDLE)child->output;
  DWORD there = 0, got = 0;
  for (int waited = 0; PeekNamedPipe(output, NULL, 0, NULL, &there, NULL) && there == 0;
       waited += 10) {
    if (waited >= milliseconds) return -1;
    Sleep(10);
  }
  if (there == 0 || !ReadFile(output, room, (DWORD)size, &got, NULL)) return 0;
  return (int)got;
}

void child_close_output(struct child *child) { CloseHandle((HANDLE)child->output); }

int child_end(struct child *child, int milliseconds) {
  HANDLE process = (HANDLE)child->process;
  DWORD code = 1;
  SetEvent((HANDLE)child->ending);
  if (WaitForSingleObject(process, (DWORD)milliseconds) != WAIT_OBJECT_0) {
    TerminateProcess(process, 1);
    WaitForSingleObject(process, INFINITE);
  }
  GetExitCodeProcess(process, &code);
  CloseHandle(process);
  if (child->ending) CloseHandle((HANDLE)child->ending);
  if (child->job) CloseHandle((HANDLE)child->job);
  child->process = 0;
  return (int)code;
}
