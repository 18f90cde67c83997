// The fixed parts of the page. Paper: none.
#pragma once

namespace r1 {

/// CSS of the page: light and dark, desktop and phone.
const char* report_style();
/// The only script: values under the pointer. The page is complete without it.
const char* report_script();

}  // namespace r1
