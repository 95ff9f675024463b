// SPDX-License-Identifier: GPL-2.0

//! Compiles the part in C.

fn main() {
    println!("cargo:rerun-if-changed=src/list.c");
    println!("cargo:rerun-if-changed=include/sys/cluster.h");
    cc::Build::new()
        .file("src/list.c")
        .include("include")
        .std("gnu11")
        .flag("-fPIC")
        .extra_warnings(true)
        .compile("cluster_list");
}
