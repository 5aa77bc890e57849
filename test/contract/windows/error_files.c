// Windows' own codes of files, pipes and handles, each provoked, are eddy's numbers. One test per row of the
// table that can be provoked; what Linux calls the same failure stands beside it.
#include "needs.h"

#if HAS_WINDOWS

#include "win_errors.h"

static char own_path[MAX_PATH];

static HANDLE open_own(DWORD sharing) {
  return CreateFileA(own_path, GENERIC_READ, sharing, NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED,
                     NULL);
}

static HANDLE temporary(char *path) {
  char folder[MAX_PATH];
  GetTempPathA(sizeof folder, folder);
  GetTempFileNameA(folder, "edd", 0, path);
  return CreateFileA(path, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                     OPEN_EXISTING, FILE_FLAG_DELETE_ON_CLOSE, NULL);
}

static void no_such_file(void **state) {
  (void)state;
  fails(GetFileAttributesA("C:\\no such file") != INVALID_FILE_ATTRIBUTES);
  row(ERROR_FILE_NOT_FOUND, EDDY_ENOENT);
  status_row(0xC0000034, EDDY_ENOENT);
}

static void no_such_folder(void **state) {
  (void)state;
  fails(GetFileAttributesA("C:\\no such folder\\file") != INVALID_FILE_ATTRIBUTES);
  row(ERROR_PATH_NOT_FOUND, EDDY_ENOENT);
  status_row(0xC000003A, EDDY_ENOENT);
}

static void no_name(void **state) {
  (void)state;
  fails(GetFileAttributesA("C:\\a<b>|") != INVALID_FILE_ATTRIBUTES);
  row(ERROR_INVALID_NAME, EDDY_ENOENT);
  status_row(0xC0000033, EDDY_ENOENT);
}

static void a_folder_as_file(void **state) {
  (void)state;
  fails(CreateFileA("C:\\", GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL) !=
        INVALID_HANDLE_VALUE);
  row(ERROR_ACCESS_DENIED, EDDY_EACCES);
}

static void not_a_handle(void **state) {
  (void)state;
  DWORD flags;
  fails(GetHandleInformation((HANDLE)(intptr_t)0x7ffff0, &flags));
  row(ERROR_INVALID_HANDLE, EDDY_EBADF);
}

static void too_much_memory(void **state) {
  (void)state;
  fails(VirtualAlloc(NULL, (SIZE_T)1 << 46, MEM_COMMIT, PAGE_READWRITE) != NULL);
  row(ERROR_NOT_ENOUGH_MEMORY, EDDY_ENOMEM);
  status_row(0xC0000017, EDDY_ENOMEM);
}

static void no_such_control(void **state) {
  (void)state;
  DWORD got;
  HANDLE file = open_own(FILE_SHARE_READ);
  OVERLAPPED at = {0};
  fails(DeviceIoControl(file, 0x12345678, NULL, 0, NULL, 0, &got, &at));
  DWORD code = GetLastError();
  int32_t status = last_status();
  CloseHandle(file);
  SetLastError(code);
  assert_true(code == ERROR_NOT_SUPPORTED || code == ERROR_INVALID_FUNCTION);
  row(code, EDDY_ENOTSUP);
  assert_true(status == (int32_t)0xC00000BB || status == (int32_t)0xC0000010);
  row(status, EDDY_ENOTSUP);
}

static void bad_parameter(void **state) {
  (void)state;
  fails(CreateFileA(own_path, GENERIC_READ, 0, NULL, 77, 0, NULL) != INVALID_HANDLE_VALUE);
  row(ERROR_INVALID_PARAMETER, EDDY_EINVAL);
}

static void file_there_already(void **state) {
  (void)state;
  fails(CreateFileA(own_path, GENERIC_WRITE, 0, NULL, CREATE_NEW, 0, NULL) != INVALID_HANDLE_VALUE);
  row(ERROR_FILE_EXISTS, EDDY_EEXIST);
}

static void folder_there_already(void **state) {
  (void)state;
  fails(CreateDirectoryA("C:\\windows", NULL));
  row(ERROR_ALREADY_EXISTS, EDDY_EEXIST);
  status_row(0xC0000035, EDDY_EEXIST);
}

static void opened_by_others(void **state) {
  (void)state;
  char path[MAX_PATH];
  HANDLE file = temporary(path);
  fails(CreateFileA(path, GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL) != INVALID_HANDLE_VALUE);
  row(ERROR_SHARING_VIOLATION, EDDY_EBUSY);
  status_row(0xC0000043, EDDY_EBUSY);
  CloseHandle(file);
}

static void locked_by_others(void **state) {
  (void)state;
  char path[MAX_PATH];
  HANDLE file = temporary(path);
  HANDLE other =
      CreateFileA(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                  OPEN_EXISTING, 0, NULL);
  assert_true(LockFile(file, 0, 0, 10, 0));
  fails(LockFile(other, 0, 0, 10, 0));
  row(ERROR_LOCK_VIOLATION, EDDY_EBUSY);
  status_row(0xC0000054, EDDY_EBUSY);
  CloseHandle(other);
  CloseHandle(file);
}

// A pair of pipe ends that take overlapped calls.
struct ends {
  HANDLE server, client;
  char name[64];
};

static struct ends pipe_ends(void) {
  static int number;
  struct ends ends;
  snprintf(ends.name, sizeof ends.name, "\\\\.\\pipe\\eddy-%lu-%d", GetCurrentProcessId(),
           ++number);
  ends.server = CreateNamedPipeA(ends.name, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, 0, 1, 4096,
                                 4096, 0, NULL);
  ends.client = CreateFileA(ends.name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                            FILE_FLAG_OVERLAPPED, NULL);
  assert_true(ends.server != INVALID_HANDLE_VALUE && ends.client != INVALID_HANDLE_VALUE);
  return ends;
}

// The failure of an overlapped read, and its NTSTATUS, when the read is cancelled or an end closed meanwhile.
static DWORD reads(HANDLE pipe, int32_t *status, int cancels, HANDLE closes) {
  static OVERLAPPED at;
  static char room[16];
  DWORD got;
  memset(&at, 0, sizeof at);
  at.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
  BOOL done = ReadFile(pipe, room, sizeof room, NULL, &at);
  if (!done && GetLastError() == ERROR_IO_PENDING) {
    if (cancels) CancelIoEx(pipe, &at);
    if (closes) CloseHandle(closes);
    done = GetOverlappedResult(pipe, &at, &got, TRUE);
  }
  DWORD code = done ? 0 : GetLastError();
  *status = (int32_t)at.Internal;
  CloseHandle(at.hEvent);
  return code;
}

static void the_other_end_is_closed(void **state) {
  (void)state;
  struct ends ends = pipe_ends();
  int32_t status;
  DWORD code = reads(ends.server, &status, 0, ends.client);
  CloseHandle(ends.server);
  SetLastError(code);
  assert_int_equal(code, ERROR_BROKEN_PIPE);
  row(code, EDDY_EPIPE);
  assert_int_equal(status, (int32_t)0xC000014B);
  row((DWORD)status, EDDY_EPIPE);
}

static void writing_to_a_closed_end(void **state) {
  (void)state;
  struct ends ends = pipe_ends();
  DWORD put;
  OVERLAPPED at = {0};
  CloseHandle(ends.client);
  fails(WriteFile(ends.server, "x", 1, &put, &at));
  row(ERROR_NO_DATA, EDDY_EPIPE);
  status_row(0xC00000B1, EDDY_EPIPE);
  CloseHandle(ends.server);
}

static void a_pipe_without_a_client(void **state) {
  (void)state;
  struct ends ends = pipe_ends();
  int32_t status;
  DisconnectNamedPipe(ends.server);
  DWORD code = reads(ends.client, &status, 0, NULL);
  SetLastError(code);
  status_row(0xC00000B0, EDDY_EPIPE);
  assert_int_equal(code, ERROR_PIPE_NOT_CONNECTED);
  row(code, EDDY_EPIPE);
  CloseHandle(ends.client);
  CloseHandle(ends.server);
}

static void a_pipe_in_use(void **state) {
  (void)state;
  struct ends ends = pipe_ends();
  fails(CreateFileA(ends.name, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL) !=
        INVALID_HANDLE_VALUE);
  row(ERROR_PIPE_BUSY, EDDY_EBUSY);
  status_row(0xC00000AC, EDDY_EBUSY);
  fails(WaitNamedPipeA(ends.name, 1));
  row(ERROR_SEM_TIMEOUT, EDDY_ETIMEDOUT);
  status_row(0xC00000B5, EDDY_ETIMEDOUT);
  CloseHandle(ends.client);
  CloseHandle(ends.server);
}

static void a_cancelled_read(void **state) {
  (void)state;
  struct ends ends = pipe_ends();
  int32_t status;
  DWORD code = reads(ends.server, &status, 1, NULL);
  SetLastError(code);
  assert_int_equal(code, ERROR_OPERATION_ABORTED);
  row(code, EDDY_ECANCELED);
  assert_int_equal(status, (int32_t)0xC0000120);
  row((DWORD)status, EDDY_ECANCELED);
  CloseHandle(ends.client);
  CloseHandle(ends.server);
}

static void a_wait_that_times_out(void **state) {
  (void)state;
  DWORD bytes;
  ULONG_PTR key;
  OVERLAPPED *at;
  HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
  fails(GetQueuedCompletionStatus(port, &bytes, &key, &at, 0));
  row(WAIT_TIMEOUT, EDDY_ETIMEDOUT);
  CloseHandle(port);
}

static void memory_that_is_not_there(void **state) {
  (void)state;
  DWORD got;
  HANDLE file = CreateFileA(own_path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
  fails(ReadFile(file, (void *)16, 16, &got, NULL));
  row(ERROR_NOACCESS, EDDY_EFAULT);
  status_row(0xC0000005, EDDY_EFAULT);
  CloseHandle(file);
}

typedef LONG (*close_call)(HANDLE);
typedef LONG (*event_call)(HANDLE, LONG *);

static FARPROC of_ntdll(const char *name) {
  return GetProcAddress(GetModuleHandleA("ntdll.dll"), name);
}

static void status_of_no_handle(void **state) {
  (void)state;
  close_call close_it = (close_call)(void *)of_ntdll("NtClose");
  LONG status = close_it((HANDLE)(intptr_t)0x7ffff0);
  assert_int_equal(status, (LONG)0xC0000008);
  row((DWORD)status, EDDY_EBADF);
}

static void status_of_another_kind(void **state) {
  (void)state;
  event_call set_it = (event_call)(void *)of_ntdll("NtSetEvent");
  HANDLE file = open_own(FILE_SHARE_READ);
  LONG status = set_it(file, NULL);
  CloseHandle(file);
  assert_int_equal(status, (LONG)0xC0000024);
  row((DWORD)status, EDDY_ENOTSOCK);
}

int main(void) {
  GetModuleFileNameA(NULL, own_path, sizeof own_path);
  const struct CMUnitTest tests[] = {cmocka_unit_test(no_such_file),
                                     cmocka_unit_test(no_such_folder),
                                     cmocka_unit_test(no_name),
                                     cmocka_unit_test(a_folder_as_file),
                                     cmocka_unit_test(not_a_handle),
                                     cmocka_unit_test(too_much_memory),
                                     cmocka_unit_test(no_such_control),
                                     cmocka_unit_test(bad_parameter),
                                     cmocka_unit_test(file_there_already),
                                     cmocka_unit_test(folder_there_already),
                                     cmocka_unit_test(opened_by_others),
                                     cmocka_unit_test(locked_by_others),
                                     cmocka_unit_test(the_other_end_is_closed),
                                     cmocka_unit_test(writing_to_a_closed_end),
                                     cmocka_unit_test(a_pipe_without_a_client),
                                     cmocka_unit_test(a_pipe_in_use),
                                     cmocka_unit_test(a_cancelled_read),
                                     cmocka_unit_test(a_wait_that_times_out),
                                     cmocka_unit_test(memory_that_is_not_there),
                                     cmocka_unit_test(status_of_no_handle),
                                     cmocka_unit_test(status_of_another_kind)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("only Windows has what this is about");
#endif
