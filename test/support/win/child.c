// A child is this program again, with the number of the call that it is for in its environment.
#include "posix.h"

#include <stdlib.h>
#include <string.h>

int child_here(int *status, char *said, size_t size);
void child_ends(void);
int child_passes(void);

static int calls;

static int wanted(void) {
  char number[16];
  return GetEnvironmentVariableA("EDDY_TEST_CHILD", number, sizeof number) ? atoi(number) : 0;
}

int child_passes(void) {
  calls++;
  return wanted() && calls != wanted();
}

void child_ends(void) { ExitProcess(0); }

static HANDLE start(HANDLE output) {
  char program[MAX_PATH], number[16];
  STARTUPINFOA how = {.cb = sizeof how, .dwFlags = STARTF_USESTDHANDLES};
  PROCESS_INFORMATION child = {0};
  GetModuleFileNameA(NULL, program, sizeof program);
  snprintf(number, sizeof number, "%d", calls);
  how.hStdInput = how.hStdOutput =
      CreateFileA("NUL", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
  how.hStdError = output;
  SetHandleInformation(how.hStdInput, HANDLE_FLAG_INHERIT, 1);
  SetEnvironmentVariableA("EDDY_TEST_CHILD", number);
  BOOL made = CreateProcessA(program, NULL, NULL, NULL, TRUE, 0, NULL, NULL, &how, &child);
  SetEnvironmentVariableA("EDDY_TEST_CHILD", NULL);
  CloseHandle(how.hStdInput);
  if (!made) return NULL;
  CloseHandle(child.hThread);
  return child.hProcess;
}

int child_here(int *status, char *said, size_t size) {
  if (wanted()) {
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    return 1;
  }
  SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
  HANDLE mine, its;
  CreatePipe(&mine, &its, &inherited, 0);
  SetHandleInformation(mine, HANDLE_FLAG_INHERIT, 0);
  HANDLE child = start(its);
  CloseHandle(its);
  size_t length = 0;
  DWORD got;
  while (length < size - 1 &&
         ReadFile(mine, said + length, (DWORD)(size - 1 - length), &got, NULL) && got)
    length += got;
  said[length] = 0;
  CloseHandle(mine);
  DWORD code = 0xffff;
  if (child) {
    WaitForSingleObject(child, INFINITE);
    GetExitCodeProcess(child, &code);
    CloseHandle(child);
  }
  *status = (int)code;
  return 0;
}
