# Source lines in messages about plain accesses (symbol.cpp): a library that GCC brings along and clang finds too; without
# it a message says how to ask addr2line. R1_BACKTRACE_LINK: what a program links for it.
execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=libbacktrace.a OUTPUT_VARIABLE R1_BACKTRACE OUTPUT_STRIP_TRAILING_WHITESPACE
                ERROR_QUIET)
set(R1_BACKTRACE_LINK)
if(R1_BACKTRACE AND EXISTS "${R1_BACKTRACE}")
  set(R1_BACKTRACE_LINK -Wl,-u,backtrace_create_state -Wl,-u,backtrace_pcinfo ${R1_BACKTRACE})
endif()
