// How the facade is built into a program.
#ifndef EDDY_CONFIG_HPP
#define EDDY_CONFIG_HPP

// With -fno-exceptions only the forms that return a result<T> can be used.
#if defined(__cpp_exceptions)
#define EDDY_EXCEPTIONS 1
#else
#define EDDY_EXCEPTIONS 0
#endif

// with_stop needs <stop_token>, which libc++ has only behind -fexperimental-library.
#include <version>
#if defined(__cpp_lib_jthread)
#define EDDY_STOP_TOKEN 1
#else
#define EDDY_STOP_TOKEN 0
#endif

// The facade is inline, and differs by version and by whether there are exceptions. Its namespace says so: parts of a
// program that are built in different ways have different types, which do not link to each other. Write eddy::stream;
// do not declare such names yourself, include the header.
#if EDDY_EXCEPTIONS
#define EDDY_NS eddy::inline v0
#else
#define EDDY_NS eddy::inline v0_no_exceptions
#endif

#endif
