#include "pki/jws_vectors_test.h"

/*
 * Made once, with keys that were thrown away: signatures of an independent
 * implementation, and faults that only who has the key can make.
 */
const char jws_keys[] =
    "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"r2048\",\"n\":\"qnJQgOlx0M9x4KlcUxjzB8tUs"
    "oJwmr9_7BWQJlbcd2sLdXLwTVHUhtN6Vg7F7QGZTimpj37L_zUIr1a79eHZ7wBeq4p"
    "cJwHP6lAsfb9vnJoFiKYaC6cPf1sq_smfv5NCN63OdbJD1AIzHy-JInw-qnXypyCSj"
    "7mL1JGGnEQ9GjNc3ZdICzU4HS3qoJ7Ezbl36nSmRUF7ni20jNOSyRRIkJc-hGWCVq5"
    "-qOswOIdSKYiFIoY4Jm0divVdTFbHIYZ9Vm-tQCk8OjBtRl6kuKpcNlaUNAx_EcrlC"
    "bnaiB-h9ma-T5wXm2AvwIuYXiuPrw5iqGHNsBstuf89ljI25umjbQ\",\"e\":\"AQAB\"}"
    ",{\"kty\":\"RSA\",\"kid\":\"r2049\",\"n\":\"AdBtXIOhX9KeM0rqWN-JTOFKuFc4gKBbJ"
    "JdVTa4elDksdbSv3sl1pd6xflihMBDWRt1ZzW0XKg_DMhclxFG2z8USmTt9MYkmnW1"
    "Ld3Zey1Z2gw68yaCvhac3V1qTLllNmn8HjIvfr4m6GI70Gy7XWSrUjUVH0ig8DaGJm"
    "EtTgGwBljf5bpeJIHrAQXUCTx5LZL8sjIN6KqBJSKMVNO2064i29Xn08wMAqZcJ9Gh"
    "2QcPkDOQ0ytlDwMzl4L_sKjwITRMj1-Vw33-2QFfrwbOdzpFj_mnwc0_6Squ-EhHm1"
    "526K_eXx_bcuYUbcTcvQA3GRHPAOYMDgbzdGPXr2XQBPx8\",\"e\":\"AQAB\"},{\"kty\""
    ":\"RSA\",\"kid\":\"r3072\",\"n\":\"zDawkhfg0GNczvYcqUpdEb0S2GmPypqPs7BxiXg1"
    "7jRWuicu8QoV-U8pYP6gK7FGBqOGtESyHQqb1IgSp7RhfRhKxzYQ_zPRqb6H2zjWsg"
    "FO_KqJ3NQIuMOyRsErDFkmU2wCrFPwu-58l2QEUBZeh2urqjg9N-Lxd57Hkcez_sNU"
    "deJ457kf65uQCdpq3tBXSd-1GhwjiuUjmtL5X1NQ0Q7zOAPveJyG2-dgpV-bWkzNr-"
    "PNau0zYhmihylkolsn5WiNvDqp2zPijyWsAXXby7kQqXltnw7Oj2LtiEzK0cVQvAZl"
    "3yXstdXWivx8lv_vfvt85Y36UWqWqWpaqiUiDqz72nqSjQeW5cBKvg06pY8SuOjZRb"
    "ItkLVIplWr-3f6PDsyHwF7HkWnpJQPavBVkJHphWC2GcF-YrWqBJi0-zFfmxTTJoZP"
    "udr2rnopCn4jnWNv_43CsE6ilx4S0_xB69JzOXoBr6bvLktoN8yL7dyTB83OwqU8ra"
    "l7LzA-Tpn_\",\"e\":\"AQAB\"},{\"kty\":\"RSA\",\"kid\":\"r4096\",\"n\":\"sIbC6gYTtm"
    "BNFnwCslLkEAk771iaYVTZNwgsa_uDQlpEt998FEtuRaGTMEP8mJ9LdLVLL4Gz-mpH"
    "bYIohrJYufUBrNvTMXFtMXoiSSOTrP2GrSPodEDr2s3ToTy7v0mX3izxwvhzMgMjHC"
    "8EM5bJr5icJAYHyNODMCiUmTlh0n7GnqxTsXZDsjExEdC3Q-8n8svwwZLvl-ZALN0z"
    "HfUbTncUbybVydqMhS7SQLs33jsm1vbj9TB8lTFg9D6-d_8tciqwmLkoSm1PPhL2mk"
    "peIZ7bukCoHMvR_QovDwDoFWdTxGWSMbPkKS1CT6_SgDLjwnw6w4vFtkXu6CJIp4eY"
    "XJ4Ai-7_kG1KUc4Zjbcxz-Z-wzjZGHutfSnxQcfl8-8yn7D24pyxidIMUoF3bDUVvF"
    "24s9gv05qAZDrfpvHjoVV6gnOb5sGBmvKTTpF_fmn2M3ZWn-I1QMxf1vitmVs4d76y"
    "BNI3dhtELcg1Tj4YJDUummnY7eicae4QnY-BRtS7pvYYkUPpmJtLEVqwGFf4KX1Kk6"
    "7emuLBUSEYY0MLBIHFV62EYAEd1KiKCGdHEA7F7uUWiKAsNgu09DutM6mXMNzHbcbp"
    "VpLaGXlREpNIALj5j8W02mP0eGhvKQMKOpJCyF-VhehOLQQpjxIrCIE7OOf5TgmEWY"
    "RcJ1ahgDd4vTM\",\"e\":\"AQAB\"},{\"kty\":\"RSA\",\"kid\":\"other\",\"n\":\"oJXhHnW"
    "IAMWBirz6tAgufXXkLy1xx4ihr40QmoPC_CEcdEN8Kwb-oJc9U9XTO0CpoZdNmbPt_"
    "xHuJcoZAQ8oDGCxNmBBbeHhH8dflncl-lWTZFIos2tK75RAg6mTDYBXTr4jFpPQxYs"
    "jE-S9aGAvHkIngLfXp11_atHcewlK2F3oEWyXG9fwPlGcIOhEPgR2yw1NKdUvHo61y"
    "EXccBDhPjL5OTyorCJzgyNjFVrtbLR2miVfv5gzbYVQCR7x155kbTiLVYYTiHkIMpi"
    "09NwxHvYB85J0sUKMcWIfj-oHt2Xwx1ZvHNn71f-p8guJndUczowFoSWU__Z-iCmc2"
    "ezXMw\",\"e\":\"AQAB\"},{\"kty\":\"EC\",\"kid\":\"p256\",\"crv\":\"P-256\",\"x\":\"lfM"
    "I9MZrznx4QtcHOySVyoQflvx6gZCLfhtrssKOPi0\",\"y\":\"ivOO6QcyF4e5ESw36zJ"
    "4tuqun4S0_rOP0_1oUK67D_4\"},{\"kty\":\"EC\",\"kid\":\"p384\",\"crv\":\"P-384\","
    "\"x\":\"uNmVbBhUJdT_dkQQyb_pRUWYxjpJjow3eci_M7yrZ4BBL_qVqYcyli0p3z2OW"
    "AZ0\",\"y\":\"2LJGBMyVC8Z8Mn5-qlzhW2kveBJAfjA1Yl7YXKzPyQH9JaNjj-qZ7Vyn"
    "3DeEwEw5\"}]}";

const struct jws_vector jws_vectors[] = {
	{ "good", "RS256", "r2048", true,
	    "UFwVDDEU2JGh_9Lmf9wkBndsnfF-K0Din-KiN1uCqfK7X_NeNFpri5C2uSWMAh4Ks9S1d9nq"
	    "LR1ifFWarB4stzAaIdUptGO-_klZkcEbBJCU2-L86KFVyNYR7AqnoLE_SLfpP0CG8G76ieUJ"
	    "T0Jy3QQzq1h9PltThNPgNM1E0_FyYTEBdQGDr9K3PaKuUn9xncPXKVl3ALsLYh4G1E7nedUj"
	    "Q5tMgPGGB9Qkd9b7lftOSKxIBDH6JDj2vQvX1SggaE8hq1sopm0VIcny8a4rgSELoitVpK6N"
	    "U4HaADiUvvQdfYktxigbTs1F00ytggE4qIs7JhW3BbQzGpJFRyWbzA" },
	{ "good", "RS384", "r2048", true,
	    "IApPyw25VBYqONhFQRRX5FjWe7vBmmSQcbLWgM9VuI71dtbPW3Bt9RIMyLzaNBWLGissunSV"
	    "UlogcxQG3PUuOVMn_0qvN1UpLd1P6GeWKy8sG1dpN_-M7sUBXAE95UHPUTlacdfKQ29P6YyF"
	    "f8t-feLvF9Gszy8ir4pn7_4NztfPE544lNOV45X3dKIgel6ihOSytu_25pCG_RJ8-KoFUL7l"
	    "DMCXbbI0oeYbML-3w5V8YJ52zfgKgrNrIIWaqBg3xnXF8QJE_cM3R8FfUYmftvZwQ0t1U3O9"
	    "L-H7gd3GgclDg2JkDweZk9bcVchYEJndg30mHMlaBu1Xr9GF_gtsDw" },
	{ "good", "RS512", "r2048", true,
	    "RYu2wyiYbBY7AOeKqwyY5Sde2-u2-g9lDEHi2XlHUukLLeVWgXvPx42GgHfGrtlR-MxOeVe6"
	    "llxedLx1m-DylTWm07D8nUo6jLuk0OVxmwuihFkV39pD4Si9lz0wKK7SgKTibDDeAUq7VQ0G"
	    "_3nlMcZHycfYnawNYWRtQ-a0d5UZdyp0EHzAYBusS9o3TINVZUr86UTHiHShGnSojktKoxC5"
	    "iBKwGHNQjdZ7o6_Ct-v13vrlMQwmiNEr533O7JIGb5O3uYunTgXIdoEaxvLTJxGQKlfWm7Sm"
	    "Yo3dbTogV242bU_pgk7OwyPLHuAuV5vtd0IYmOfRdTEpaAYEly1CAg" },
	{ "good", "PS256", "r2048", true,
	    "C97OE9dzQGbUEIY6GpuCDM4izdD-Sm-_yp_0esUbxKDowMxaIRN9awH8Km1NqdPeB4P0gymR"
	    "VcNNaneNOl06Az-J2uQV5YOyPyIkXLKaAkhu1Sl34DD98K8GzbVmiORsMZKVg5ZPY7GDyQT-"
	    "ganfwirGCkEJj2HjlzvHq8EDmtzi4wWDYOvQ_9d5tDZ2UUt-J_3ESErspO2oldtkKYD8sKxC"
	    "DJok_qhtOFwXBeL5gj4JzXH7GYs8kNocIf7BLAGPPzFTSoO0Iao8zZG33zps9Qjf_OKNsmxx"
	    "jp7mZoIzjsEjbOBi57OF-ed2iqmxtrP_VzZY3dfjdUMMXIZ_0Tp5iw" },
	{ "good", "PS384", "r2048", true,
	    "Md4AxYaN6tLnfGGZqIht2wwFq0yPq2izy_pNdSwFSDthVyMvDhLapKWqvIa4eiz3Jq1XeoEp"
	    "eel3FwZDiAviwvOBxvWwlMOt4pzAEyOQDudH5Jle3WkxJ1epDuAlKOuByrabB6ZtTm6jvycW"
	    "iYKV6Iel_4AJ50QXTdio3IZIXk4TF74-hMxE9fE5qXBJTVKNjI2j5BxhMzHrlZe3MZWRVBqU"
	    "22AtpsMcKx4Qq3LtgBPyQQrSHi797wlL5-4NPCYJuyPXwS_Iq9y6sbymJgpIhN8EdRQGkpS5"
	    "FH9Lv57A2DpPKiXBRZ0YmLxdzjFlP0Sa5LJGS3sdvvRhoC3AF33qVQ" },
	{ "good", "PS512", "r2048", true,
	    "BACTBAQsmiLD0wHWMEVZZ-oXqXwXp9Q26JEiRuM6yZKLsQCt6oBugakv7_b7Wj73pNwElb_s"
	    "o59Xj0vsKG3LnEVl7lS7zQFp9otCE1xsgjGGCgrzGT_qIF4N6YbPzS9HNOAErn_6mxidbo3_"
	    "-QDOA_ebOMSyaYEL0LwkEBVKb7USnypboyeElTuVuCQLItLw6QFNgUriFr1o3B_zyAdoMWc-"
	    "WUE-bDJ_zvpN0u42bgE1wGmxrBToodW520JY2diiwElL1w1fxT9NK8oGreagGaDrTfu_zLH4"
	    "Vuw50ovboJELWaEnTaFrtn4oUpKAsWCYPDUCuFMqb-DFerIytKk17Q" },
	{ "good of 2049 bits", "RS256", "r2049", true,
	    "APmz23ih588rqs3Pn0C8f04WnaluO9odNUZy9Xidhf8LCw1AsJU5mChCLTsbkIcxhgKNrqcA"
	    "pJwtLQmD76CDyMZu4gQYPXYJ8Pc_1taAy6m9JnbTnnj8rRk1_mKGxmkusRLg8wc2E_gD5dmp"
	    "yRcYVJuB-3T0U7yY09v9Dpulto6qWUOEFqI0aEEPQhb2d2-JVm4xthIIoIoiWbSL8SfY2ppY"
	    "DjKVeeZHt59raygwDWXn6soY3avZpgp2O-haH18GxMuV2epJsh7SF6jiHpgWPQmoiTKBV__O"
	    "WFafBYFlMz-BDU946VS8osCI0ARbuBkLdZbaFjbBRfwtR5Q7u_ZkKo4" },
	{ "good of 2049 bits", "PS256", "r2049", true,
	    "AMg0fektavi4h261jfMZq03WSJKKeqkZxWYYzUYyEYZ0aWQaOX0pN-pcYXHWDtlY4tHjoMUg"
	    "9JxepoFVD11R10SilEhZFUxLgbnDQBZioS18-O0v75Qf5LV9rBsTvPUF8If1qi40B08tt5ad"
	    "RlPlhj1Y530eRCnrihkO2YvMhWX9kckSk10CXrysBCbAKvzomngr7g6U9h6FnTuLtIK-2nGa"
	    "wcGnVEgnhqMvn7eBFuXc9Fhkjht7afnqOxhF2WkveKH7EW9tD5gjMsn5taHssFfcV6KxVJel"
	    "-KhKHUpiYfFWuKJtB2UJFfObeXiRN9xbDkTZ7k6jySFTH3T_JjV8Ryc" },
	{ "good of 3072 bits", "RS256", "r3072", true,
	    "iphBa81j_nrg2U9-Y8UYKeYmp5YFkF4HCp3EywcErfzXQ2_EgoRtTwytWYlAtgd5DEY9NsdM"
	    "7oAsrmVGLwxgPhBvIpC7ELdEsVOO1JBITxDWqTrw9sGEzoDky6XVo9qfmd5mgNz7r5dy0m-L"
	    "te9xSIoUHvEYObEOrUp1LYw0DmUyBwLo_g_buzevjSahk2OUBtJNsNPkRvI4x_dLcXaSpKnh"
	    "-5PyOkg1k3mX5b-a-pzz8OV_IzIq8pijk_jqnYvqyn42ElnLDf6C2BGVszUYcQupACowNceF"
	    "onkBUHrq2cAultPHXrLd10rl27bJGkZZ24MKbujLA_MAmtjnnxMtkrspkyU9QVNpP6fMobGt"
	    "Bw9owVVjYKIkacJ_hPIwRxVD_bJNDZ2JIbpmeCq9m5ueIPkMkukSPWkxsqng-wi0km1nl2CM"
	    "eBIBZjTZVcPkuaFo4n0jYPhlQB8vxz4W1-bDkROp1I6nJFMtdke3krLyg2LCFx7yqlnvW6By"
	    "LZL2BaR4" },
	{ "good of 3072 bits", "PS256", "r3072", true,
	    "e1flBokfUmdGzldrBbCJXcxrZ7FmWXwQFjy100NYw3qSQUikTOuRuGgm_9rvhFUHujtVSgk6"
	    "HK4_vzSay3kiA-WuWT9sfAhDUDS2qud3Q2NDM59XM3yMcN6spiu1JfRVYHuI1TNNG9jvrlzu"
	    "YKYdi9CRBA-U8p_2-_iGJn4llULHIR8-cbfmUTQdb9ajoA3y4uKGZdVymvpeggZAunOPV1Dz"
	    "s2sz1GcWXbgY1WMy1P_zs7DHQ-L6ATsL2IejgoltCOp0FOJ_3w5xhELqyQEGdWUgAZoZQBY6"
	    "Bplb5d_5m4vy-oVWckwDgZx0AIiFPdvyDXXKBe9brTflXML3lvynLmPoYChxb5nrPJIBXtd1"
	    "-ZiGiISOZChIvaky-YPSioln7eqb1Rd41GFGEUlwDoKFCVEjPcBsJAPXNGJbKliMwggMJArf"
	    "NXWYIEgt-2SBhnl49JtghQfS8ogXsp_lsCfSCJD0BHlAK7NSJxKmQ8aX6FtPh_cPmZs791xI"
	    "JeZeoXvr" },
	{ "good of 4096 bits", "RS256", "r4096", true,
	    "OnCP_k02f0dnd4taIgYAsN9FWWr5pThASYZvpzZPzagefBPjeM8p0E7zYce4zdOTOHsTBKaH"
	    "AseX52cxAXBjD6Ct6TxiMT7Y5AyTT9jIDUi6kNCqKO9nZhI03h1OR5iFiSTx3waBAcdIb6qZ"
	    "TCsRsnZiVcZzRq8a-u0EfR9FfhyX2F4vEHEqpdOEskrpFhL-DIcfnhhrnnmGgzB_RoUB1SHe"
	    "-3cqUkMqtaTxG2eXhOx_Gc-hb2p8znjQl3WHO5q6-3YH18yo9h146GUoWnDQCLx1vOjEFSPx"
	    "AjyUeVgvOD1LW2M1cLBy8sX1pwShaJ5JzGqgtpZpfPhQ3sXy8VxLW2pUmxZ6-gcewD47CLbb"
	    "SK646hVpc1gXc1f7jfUmrbXQPJ5ArgreGF3owXbECie3HncfW0pi8ORO0jzaVEa8c-bmD25A"
	    "_ALtvwe492hzs92eitVr2LZ_BhQhluuFXW2fnwvKV4WkpQlfD2wfQVaUjbjBsJsgNNrJ1jWt"
	    "gLw5Rx7b3h6B1mjvRKyUSrTuISD_w_zd1eyJvAqJuZqwjWiuU-mhOqwhr56GgI5p_YPBjVcz"
	    "JaeCL6uM3GOAnKSh0mpw4zy2zj5N54dhezYzsp57_yuKeRSs0Rn-7mVzi3kt3cHM_3L-6d-k"
	    "ghYnAqge0nhk2XZC6c4jGoVqnYoJNeqcEJA" },
	{ "good of 4096 bits", "PS256", "r4096", true,
	    "FEf2zfakhUl0Effvjyn4vqWVHpR4-sb_6_RLLveSVjSC06CQOLyxBHHRI2ty15Ys_Qzsq-7W"
	    "DXsc2cwgIauMK5tJGCzyCc6_5elH87_gv0ADT-imQrSUkvRTM9Ag99gMoEkKmmzVKYFjjYBA"
	    "hNnvwENaKPHVdaaxcRXOA2jIkkTuBO2T9Buatgjo9SJa8FJPWait4V9IpQyJgDgRa2pRbsFE"
	    "hT0xrWkysafV4ZCVt41RITteJV2h670JN_PL2gSUqMuSJWsBc9nKBJjrZ7C86jQOkDuJBfDF"
	    "RCpXua5P4aar8iCuBKGi9oM1XNa76QZ-COG7T1tTn6Qn43hTQrq0M6XzST4xfwHT4XUa13fB"
	    "0DwS8M8x7Tt7Vb9lKKDlvq_Kkd9mgLxSEDzL6BN3p7tMT_SPPeTY2L27r-ISRBQsEQOfqg8T"
	    "nmrNhcRFqRkjSC6TbAUiG-beu24Gv6zfaliUKE8iQ4NuJBcLVCpS-7dz5y93g07xF25OtcCF"
	    "uTeWoJ9RVl9L05doqnrPwBhSMytLf-UZZ1iVT0rEuZrnnOQpKWj_xsOuIxh0CDEAd_p0aTUZ"
	    "_5xwMk2YBuPcBA9zQzwwSJUf7w1wr34edkMzPXZUi7kctZI9GKfSGscOCia_83soe6d5-DOW"
	    "5XCcsi3evh0KPqCHFa1H--LklIYapNSLhno" },
	{ "good", "ES256", "p256", true,
	    "sAIzHPrxwTapHYgsT3S2r7fpJCj1sOpiJ-BsIHFH3ziGAdW0DlYkIjDQYJxCto-hSJPi-2nk"
	    "udS-cJZS_CWUUw" },
	{ "good", "ES384", "p384", true,
	    "xJBqb-N8IpGOlMvm_Zl8vJO9aPTlpx9_fowWct_k7TDXQ1Uuc-wQBLUksfCwt-JHwZyl4H9z"
	    "0xXAruRV2yt5Z5mGOk7ApwF-ogvPCmrQO125t2kDnYCGNOsaGm08Gp9O" },
	{ "another key", "RS256", "other", false,
	    "UFwVDDEU2JGh_9Lmf9wkBndsnfF-K0Din-KiN1uCqfK7X_NeNFpri5C2uSWMAh4Ks9S1d9nq"
	    "LR1ifFWarB4stzAaIdUptGO-_klZkcEbBJCU2-L86KFVyNYR7AqnoLE_SLfpP0CG8G76ieUJ"
	    "T0Jy3QQzq1h9PltThNPgNM1E0_FyYTEBdQGDr9K3PaKuUn9xncPXKVl3ALsLYh4G1E7nedUj"
	    "Q5tMgPGGB9Qkd9b7lftOSKxIBDH6JDj2vQvX1SggaE8hq1sopm0VIcny8a4rgSELoitVpK6N"
	    "U4HaADiUvvQdfYktxigbTs1F00ytggE4qIs7JhW3BbQzGpJFRyWbzA" },
	{ "another key", "PS256", "other", false,
	    "oPirj71QMkEYusg21p5nVVAhzb6Yucx2sBswXJXdxR4Xq4ALGs5dX6XAeCtoLlYo79hcH2KB"
	    "amdsRTku7Yp5GfqdNTZkV5fi2e6-XAr3mvDRrDhbRaP0RYG8GUSAtT30imtzWt1Kxh4f5EEc"
	    "viDWvYJnyFOUQkh3Y-KsQo4QD2RmuyzzhMnkBHkYWcgYOf_dkgBa3swwh31RBFCXO6Z9wVFH"
	    "d8l8bqpKdTLa4AkGt39TbrvWOVDl-nq12HaVkHPjiBh2v18zR-n16Gtyl1y78MlYljqvQXnB"
	    "Zj4x_MDlCZDXwGf3Y3pIhntZ85Jf5pLJTFgkBl36u0PlUwHY2cAjTQ" },
	{ "another hash", "RS384", "r2048", false,
	    "UFwVDDEU2JGh_9Lmf9wkBndsnfF-K0Din-KiN1uCqfK7X_NeNFpri5C2uSWMAh4Ks9S1d9nq"
	    "LR1ifFWarB4stzAaIdUptGO-_klZkcEbBJCU2-L86KFVyNYR7AqnoLE_SLfpP0CG8G76ieUJ"
	    "T0Jy3QQzq1h9PltThNPgNM1E0_FyYTEBdQGDr9K3PaKuUn9xncPXKVl3ALsLYh4G1E7nedUj"
	    "Q5tMgPGGB9Qkd9b7lftOSKxIBDH6JDj2vQvX1SggaE8hq1sopm0VIcny8a4rgSELoitVpK6N"
	    "U4HaADiUvvQdfYktxigbTs1F00ytggE4qIs7JhW3BbQzGpJFRyWbzA" },
	{ "another padding", "PS256", "r2048", false,
	    "UFwVDDEU2JGh_9Lmf9wkBndsnfF-K0Din-KiN1uCqfK7X_NeNFpri5C2uSWMAh4Ks9S1d9nq"
	    "LR1ifFWarB4stzAaIdUptGO-_klZkcEbBJCU2-L86KFVyNYR7AqnoLE_SLfpP0CG8G76ieUJ"
	    "T0Jy3QQzq1h9PltThNPgNM1E0_FyYTEBdQGDr9K3PaKuUn9xncPXKVl3ALsLYh4G1E7nedUj"
	    "Q5tMgPGGB9Qkd9b7lftOSKxIBDH6JDj2vQvX1SggaE8hq1sopm0VIcny8a4rgSELoitVpK6N"
	    "U4HaADiUvvQdfYktxigbTs1F00ytggE4qIs7JhW3BbQzGpJFRyWbzA" },
	{ "another padding", "RS256", "r2048", false,
	    "oPirj71QMkEYusg21p5nVVAhzb6Yucx2sBswXJXdxR4Xq4ALGs5dX6XAeCtoLlYo79hcH2KB"
	    "amdsRTku7Yp5GfqdNTZkV5fi2e6-XAr3mvDRrDhbRaP0RYG8GUSAtT30imtzWt1Kxh4f5EEc"
	    "viDWvYJnyFOUQkh3Y-KsQo4QD2RmuyzzhMnkBHkYWcgYOf_dkgBa3swwh31RBFCXO6Z9wVFH"
	    "d8l8bqpKdTLa4AkGt39TbrvWOVDl-nq12HaVkHPjiBh2v18zR-n16Gtyl1y78MlYljqvQXnB"
	    "Zj4x_MDlCZDXwGf3Y3pIhntZ85Jf5pLJTFgkBl36u0PlUwHY2cAjTQ" },
	{ "key of another kind", "ES256", "r2048", false,
	    "yxHw8ZZqAXAATvUltTw4IPdaR1VqK6vM4G1tGX-p-fTR0Cw_xWN4ySEC_Rqz59mSe7wHMjbq"
	    "UHV3pKO6vmpH4w" },
	{ "key of another kind", "RS256", "p256", false,
	    "UFwVDDEU2JGh_9Lmf9wkBndsnfF-K0Din-KiN1uCqfK7X_NeNFpri5C2uSWMAh4Ks9S1d9nq"
	    "LR1ifFWarB4stzAaIdUptGO-_klZkcEbBJCU2-L86KFVyNYR7AqnoLE_SLfpP0CG8G76ieUJ"
	    "T0Jy3QQzq1h9PltThNPgNM1E0_FyYTEBdQGDr9K3PaKuUn9xncPXKVl3ALsLYh4G1E7nedUj"
	    "Q5tMgPGGB9Qkd9b7lftOSKxIBDH6JDj2vQvX1SggaE8hq1sopm0VIcny8a4rgSELoitVpK6N"
	    "U4HaADiUvvQdfYktxigbTs1F00ytggE4qIs7JhW3BbQzGpJFRyWbzA" },
	{ "key of another curve", "ES256", "p384", false,
	    "GeKFdsffWmGvbDf7pbHmnQDLmmMP09lu0Z3xeJcUtawpF-adJKeqM0PKAmbWC6ZTmKq3pnvC"
	    "suXlA4TboRWXTw" },
	{ "key of another curve", "ES384", "p256", false,
	    "CPPRuVvrxAacnj5Tb5Mrto95ZB0koaLjoKDGMArOjOS_WyIisouWlxqzai-Gbr6BWl2hrg87"
	    "6kOoO4mBOgR5LE8VygdXvZjNS2c5bojP2EnuVHgtE-VXQVESkmZnzc3S" },
	{ "truncated", "RS256", "r2048", false,
	    "UFwVDDEU2JGh_9Lmf9wkBndsnfF-K0Din-KiN1uCqfK7X_NeNFpri5C2uSWMAh4Ks9S1d9nq"
	    "LR1ifFWarB4stzAaIdUptGO-_klZkcEbBJCU2-L86KFVyNYR7AqnoLE_SLfpP0CG8G76ieUJ"
	    "T0Jy3QQzq1h9PltThNPgNM1E0_FyYTEBdQGDr9K3PaKuUn9xncPXKVl3ALsLYh4G1E7nedUj"
	    "Q5tMgPGGB9Qkd9b7lftOSKxIBDH6JDj2vQvX1SggaE8hq1sopm0VIcny8a4rgSELoitVpK6N"
	    "U4HaADiUvvQdfYktxigbTs1F00ytggE4qIs7JhW3BbQzGpJFRyWb" },
	{ "a byte behind", "RS256", "r2048", false,
	    "UFwVDDEU2JGh_9Lmf9wkBndsnfF-K0Din-KiN1uCqfK7X_NeNFpri5C2uSWMAh4Ks9S1d9nq"
	    "LR1ifFWarB4stzAaIdUptGO-_klZkcEbBJCU2-L86KFVyNYR7AqnoLE_SLfpP0CG8G76ieUJ"
	    "T0Jy3QQzq1h9PltThNPgNM1E0_FyYTEBdQGDr9K3PaKuUn9xncPXKVl3ALsLYh4G1E7nedUj"
	    "Q5tMgPGGB9Qkd9b7lftOSKxIBDH6JDj2vQvX1SggaE8hq1sopm0VIcny8a4rgSELoitVpK6N"
	    "U4HaADiUvvQdfYktxigbTs1F00ytggE4qIs7JhW3BbQzGpJFRyWbzAA" },
	{ "a zero in front", "RS256", "r2048", false,
	    "AFBcFQwxFNiRof_S5n_cJAZ3bJ3xfitA4p_iojdbgqnyu1_zXjRaa4uQtrkljAIeCrPUtXfZ"
	    "6i0dYnxVmqweLLcwGiHVKbRjvv5JWZHBGwSQlNvi_OihVcjWEewKp6CxP0i36T9AhvBu-onl"
	    "CU9Cct0EM6tYfT5bU4TT4DTNRNPxcmExAXUBg6_Stz2irlJ_cZ3D1ylZdwC7C2IeBtRO53nV"
	    "I0ObTIDxhgfUJHfW-5X7TkisSAQx-iQ49r0L19UoIGhPIatbKKZtFSHJ8vGuK4EhC6IrVaSu"
	    "jVOB2gA4lL70HX2JLcYoG07NRdNMrYIBOKiLOyYVtwW0MxqSRUclm8w" },
	{ "empty", "RS256", "r2048", false,
	    "" },
	{ "truncated", "PS256", "r2048", false,
	    "oPirj71QMkEYusg21p5nVVAhzb6Yucx2sBswXJXdxR4Xq4ALGs5dX6XAeCtoLlYo79hcH2KB"
	    "amdsRTku7Yp5GfqdNTZkV5fi2e6-XAr3mvDRrDhbRaP0RYG8GUSAtT30imtzWt1Kxh4f5EEc"
	    "viDWvYJnyFOUQkh3Y-KsQo4QD2RmuyzzhMnkBHkYWcgYOf_dkgBa3swwh31RBFCXO6Z9wVFH"
	    "d8l8bqpKdTLa4AkGt39TbrvWOVDl-nq12HaVkHPjiBh2v18zR-n16Gtyl1y78MlYljqvQXnB"
	    "Zj4x_MDlCZDXwGf3Y3pIhntZ85Jf5pLJTFgkBl36u0PlUwHY2cAj" },
	{ "a zero in front", "PS256", "r2048", false,
	    "AKD4q4-9UDJBGLrINtaeZ1VQIc2-mLnMdrAbMFyV3cUeF6uACxrOXV-lwHgraC5WKO_YXB9i"
	    "gWpnbEU5Lu2KeRn6nTU2ZFeX4tnuvlwK95rw0aw4W0Wj9EWBvBlEgLU99Iprc1rdSsYeH-RB"
	    "HL4g1r2CZ8hTlEJId2PirEKOEA9kZrss84TJ5AR5GFnIGDn_3ZIAWt7MMId9UQRQlzumfcFR"
	    "R3fJfG6qSnUy2uAJBrd_U2671jlQ5fp6tdh2lZBz44gYdr9fM0fp9ehrcpdcu_DJWJY6r0F5"
	    "wWY-MfzA5QmQ18Bn92N6SIZ7WfOSX-aSyUxYJAZd-rtD5VMB2NnAI00" },
	{ "empty", "PS256", "r2048", false,
	    "" },
	{ "not below the modulus", "RS256", "r2048", false,
	    "________________________________________________________________________"
	    "________________________________________________________________________"
	    "________________________________________________________________________"
	    "________________________________________________________________________"
	    "_____________________________________________________w" },
	{ "zero", "RS256", "r2048", false,
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
	{ "one", "PS256", "r2048", false,
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQ" },
	{ "the modulus", "PS256", "r2048", false,
	    "qnJQgOlx0M9x4KlcUxjzB8tUsoJwmr9_7BWQJlbcd2sLdXLwTVHUhtN6Vg7F7QGZTimpj37L"
	    "_zUIr1a79eHZ7wBeq4pcJwHP6lAsfb9vnJoFiKYaC6cPf1sq_smfv5NCN63OdbJD1AIzHy-J"
	    "Inw-qnXypyCSj7mL1JGGnEQ9GjNc3ZdICzU4HS3qoJ7Ezbl36nSmRUF7ni20jNOSyRRIkJc-"
	    "hGWCVq5-qOswOIdSKYiFIoY4Jm0divVdTFbHIYZ9Vm-tQCk8OjBtRl6kuKpcNlaUNAx_Ecrl"
	    "CbnaiB-h9ma-T5wXm2AvwIuYXiuPrw5iqGHNsBstuf89ljI25umjbQ" },
	{ "PKCS #1: bytes behind the hash", "RS256", "r2048", false,
	    "n-gB1SATewkwOI8aDN5DsOeR9FrvOZcIgEmccd21xPexrw5TiE-IFq2tkp5PNxEQk1Nfpfow"
	    "wN4A7WUMnrL7ULlKL3iVz3Ji0K7ZyWSDXwcBAy2G0LkERpHnHUgeANxwfMy6pemngMTrLdLC"
	    "tEn3ICtEbDhu00nKmZCuNH4CXmMaFFGnuf1KCJEtcw3DfSJiiZgIdyD-gSVcAyn3WlOlMnU7"
	    "PyUJmzsAiyOPNxIk4AWWHFf0vHz47rxst-cEVSY4XFcGoRceC-jlj1Ls1IUtM8vSLjaXaMps"
	    "IUkS3wmH7S1ld76kw2eoFwHlSQUt_nVvjhnOME9MUU-3PxT_ZQWbTQ" },
	{ "PKCS #1: short padding and garbage", "RS256", "r2048", false,
	    "gwbyFDxC-xoRPvFWFWbwv2doO302ojEbGuXq32jOLDJIsTM1c0HMRK8Cs8-DQD28fTNqn-gJ"
	    "o8uTPyhspViAp9hq1qSnvOwdl-bmCPNELWhbIsSEQudwAEHGVFM3A9Jb-aXjH4sBOnCGf6kF"
	    "7nBE5wr-R1pbJm6mh3iVXZWnSUNCr4vjibTIEyKu-wq5VPLl1_26sKN_w7MJK7h4LQhF1HPB"
	    "QhniMA7FtP9NotCUFiAPlqHjrA4RdnV0lWwPL3JbHzn4uL2AthCUs48ou0_6e1jHNpMvUL8i"
	    "3xfJ2gz_WXk4Xroty9T6nazaAl5YGd8mW8s0hHdXoY-wFMyH9o2Z_Q" },
	{ "PKCS #1: block type 2", "RS256", "r2048", false,
	    "H_6mkpPf4Slmplpp6mdj0x3Mc3eRn38vgQYBwwOGNhFi7708iA6spGUyZgyUOe7ZOf0Xgz_T"
	    "PoeIuHkQ1C_7Q2N36BMM6szkGcBaWykGpTfOSN81A4a-kJHDhKJG-_NS_8aygg_Q1Z_p9ZaV"
	    "1gHv-ZRmcx7yo9uz6hmtNh9l-uGXbYylmsXtKYt1v5-uWchjP8b5nftdMQYiUUovaot-9pyt"
	    "3AvsQvCcIrxbHndQeGUwDXvj8eg72bBjYOLx3ZM_50SU1CmubbnHi_-NHXrDHaAouhn3T7vF"
	    "1eZHZJKsnsai7x3pJXOtUjXFAnhOzDOquPAGzN0Ncfk7Cld7RvBnFg" },
	{ "PKCS #1: padding of 0xfe", "RS256", "r2048", false,
	    "jUhQgPc2y4iBWy3t9AhAFEX6MgArbl4WkJkao1iU3OOFgqj9rzcuyc0Jb41Oq5vzwevAnA9t"
	    "2hcaxAL6WxMrbMkGElVAkm6TNaL_6OhDAQ2sujG4-K69YIQPS9YCOF5qYnJ3ZozrVljzNpvm"
	    "mLa1p0XnE_ofTKnwRUBtVEfqiZZ4DbX4jnEuu8VYwfKrd9MWSrkvWiMSPG6Bir6P9A9FivEC"
	    "gvDCLysTkAcwOiZ5Hq3-CCdGJbPTRdouogPNVpMit2Jal7spXRowARLZPtTJbEIOrCSDxiXl"
	    "mqwJ8bDflFw9GhkRUJwlHALFWmyBmZc2jNSXiiJjw5WwYKCHNcY5iQ" },
	{ "PKCS #1: no zero behind the padding", "RS256", "r2048", false,
	    "g_qRDh-aAFZy2y3ZDmCFXXQZlVnEFAzNnQlj_GeyM8FgVMYsfN8a4jgf_Asc9amf0a-GioZ1"
	    "jH6RJjF2g1X4nrNYHw9l8k-kvNDh4huG5Ix2eq9cTLq5-BYELitmHOypo7MTwwNi5FCkGtG8"
	    "QwLzEbkPW3QaLDmQtGTicPKtyPwQwY5S3uc8OLY-TYA8k_CC2cBBo6lcNSv09ZGSmGto9sET"
	    "c9g9gDO-xvATGcEPyFpwkHE7R_xRKhQ9PT642aly4pag-qZ0mkmCOdIG0HQLjTbqeReA-9m6"
	    "53NTZnnMumv-ca7jHFkmKvRe_kVNgjv4dRJWyZC8FYsBitKFkpO6zw" },
	{ "PKCS #1: the hash without its name", "RS256", "r2048", false,
	    "D2cLQbUnB3B_znO9dEVfq_4QKfOdXZgqKUtDaWXKod8Lu1HW0Qs8Qnqeh-A7PJtvYGQcHq5A"
	    "5v2X0Jgm6wCQw6hF0B_qRGEBfB2LGAMZZiySZncxD9xWvfoJhu-XXM684UYdWkYnDawuQswA"
	    "ONY64HiY-oDUX-3NE-kmwryUgCQk4UsxEfhWC2TFaaWmCuxhWsHQ-UZsdH1kXmkjFgIwikRh"
	    "gdPIB9gqykFO5WmxP7_lTq9nSQm7QvtHOFcFUjk6tHD3aqE7f4QpaJ7dakeT0ZwTR5stLrSq"
	    "01mF1rNeuxttlEDH5XdQ9zUtNuVWQQjSvGIQHnLYDUyRMRWYRIwy8w" },
	{ "PKCS #1: another name of the hash", "RS256", "r2048", false,
	    "GayrXvbRBP3eA9crJa_i9b_ybWeG4YfNpcsB71zgg7aKwPmKtwX2OgZvp4965j3Oxs6BiSDm"
	    "JCF9c8gZ0HQJim9SuwWVmwY8UY9iUXT_X0tYoa3uLfxwg3fMPtJB7iZ9GJ2TPkyxIlr_DPjv"
	    "vA7PSAuvZa_a73r6vFcbpIw-3IoY3GIKeAqowM3IEYasgpv1JwicyOpufLGPKsFLejsMG7xD"
	    "l1jq5aqvLUDJiryWmix9IAXGz3h3MeEvkT_VbtlAui4Y1YTZawmQpdsRMi4A3cy9-nFUQFIp"
	    "5qcHIAhqcp8imsZKuSpP8L_2dTzAE6aZ0lTbku0Jx7JJ6d_K0v0HhQ" },
	{ "PKCS #1: of another message", "RS256", "r2048", false,
	    "GNAwNJabd--dIeh6QisQWZoJ4-f_nhMan7SXKbu0aXDTNCwrwG8ubhmUj6JqDbliTB2GG7S4"
	    "IWVEwpjRmyWKWLH31qoHLD9OUr49JRn2rYW8xzTkrCPOlmQssNo-7u8JVLv0y2X_E5l4-U7n"
	    "kI8-UxDng-XkhCyhN7iN2bqSRVic7z8vAsb91OwzjWCp4boAErTtBaGeyJZmsB45t7lmvKFL"
	    "-i1rwXc61rGu41WHxobBbGmiRRz11C3F6BtYno8ttd0a4ye3RteK0GmLpoR2fUR2AIxWIHAb"
	    "mksa6ZVc3eBBmf6slwy8j-5qonUjcxK8vcgI0H-l0u68pooVofkRMw" },
	{ "PSS: by hand", "PS256", "r2048", true,
	    "aVlr0OgXrLc6jt4Lzlf9jx9oPrKQgV9I8S-jBCAjX0O_3M2qs2N_UyQLyZ5H1Z6_9SV73P-q"
	    "CafloIFEyYpTxNKy0kWNmvPPZzO4x1FmOCJGL30tE9LFd3XvMkKp70Hn6-4mnXBMD84NFc1N"
	    "_klfNOnTjWl24BmhDiPt2zy5TeXOCZpTuhf2SkaagbgnNjUY2dD9dCnNvSd-YV8QjvclSpLs"
	    "NI_UDlUkB3aaygsP04_XKYQ6Fwi-eGn2dkyPhdej7CRrUkhYgiFYpQm2d_GI8ACGE1d8OfPx"
	    "Xr374KY_-4eSZy9cCJjMEfG5x7KoDlr5XRLbROCYddfpom_YfwN4dQ" },
	{ "PSS: by hand, of 2049 bits", "PS256", "r2049", true,
	    "AW60Gd46LmOENxyYwU6BC7c2edtFrUKWj-SazHlXUUEqRJcRV4nE6sMz20CuMWOJ952r7CD0"
	    "YZtU4KvRjRcNn_A6w7Aaa-eQzlyzndaEtkDYKw-yg7mmb1mkZzTRO-m2cVdToUe9catsdTdb"
	    "4VLq4klqTKU-WmMjgjMYCRlJpOOT39r1uy8qJSu6KIBOzuIcLU5MVD4JpC3IuS5beg8-1r4s"
	    "IsvNVVmAkUKcq4ygcek4EpJSgNbDJhqbW96M-awqhj9WHX9NozCA6TX39wh1fS9W9kXuEMjz"
	    "Qy-q519VZ7Zd4OCUiV4410ZK4BQ4ZybyL5YB-v9wYBzH4PuvXFvBQz4" },
	{ "PSS: salt of 0 bytes", "PS256", "r2048", false,
	    "Xguld_7FNIpezJXnVwNPOTdPEgxs0oRvM3VhmUix-ZsQROFGNP-WxJXIn13VbpoCQbTKjnQs"
	    "k8dq32Jc8E5yq9qiqRMIx1TRQALw_7jWAy0KkZZBg3auDZEhsGKpjZ4ymtE1x25LsHXxe8CZ"
	    "56zqC45sEDo6qhwBUluim_xAorcS_Ay7QHGTmNb-WG6dN7MwhqLVhI_9BAdaGzfU4cnS96ey"
	    "26UbySsoBQcaf4eqrImF_P32pFvYw_XBIBf-F3ZIauYUHW2SZaypb0p53oJK-rfYl4w0j2Cr"
	    "vXwyq9aPKkFOC_SJGtY2UY-R4Fan49RpbYckkagMzVwK8WSmnknI2g" },
	{ "PSS: salt of 20 bytes", "PS256", "r2048", false,
	    "qK4M5zwsq2zlKbBpDEznw_5KvVGajH8dqQkBwffuHPJrvBptBGRYGS56Sac4hl6R9ln4znED"
	    "2oh-gg0deX-00ZBgOR9FipyWXUG8IpU1C0VDQNEa-ZtNNVPilSMyXlMJZX-1ujAWkpzIhQs3"
	    "ixsj-fvLKiznqrryDyvFw-dbJkZcrA575mZtg9yeIcQXhukYEyGyLTbCa4k8An67F97KcNl8"
	    "-6O8dBL9MmKBUv-jy-N-oJALd2dax1PkIkh_JVQitANNDHPVrBX1FlgFsiK54r1fTN0YB_AD"
	    "mkfgWU0RCR6U1e5mh2ErawgpTYHg4UAmSCulpsbXW9VoiBegwjRHfA" },
	{ "PSS: salt of 31 bytes", "PS256", "r2048", false,
	    "qjasz2HTwhZck9kJUJqkAMjlrr4rESuIX0LFNGQEOv2oMBKytgWfzL53nbIF0wLAA-agYFeu"
	    "O_I7acfvTAcQNVbvKLCfdnIdrE0u4ak90YTNWn6H4M7fZ1v_sYxr6n_K9heS5dStC3Gfh_Qu"
	    "Fzgl8tdqcwkbR5vqT8_R2g40Mi30ths85HNpeH0CGvu0EXtde3ORxDX-I7cRv2c4LCtLotYe"
	    "poLvzFyvdIOK2EgslZN6QRYXDNMh-kJ3sPy5qbZUMZ96ktL4eG8_80GlD4wBXbY_wG7jnjr0"
	    "9F8cQflKFYfjoiX6bN09UAX6YKStHla5daVUnIj0E7vGN1cMLevfKg" },
	{ "PSS: salt of 33 bytes", "PS256", "r2048", false,
	    "VeROhmt3Jbyib_DgC0GgjV7lwX2vrDl4IGEk_Ac8ptdHWJHjB_U_asUNRRewkWJRAEhE2TGq"
	    "O7Zumok15rakP_JBYdw-af1RYl5qK6EEFizXVJfh28WlG5yMHxksmT9Cv1R3J-AWIR1jt4WX"
	    "UumPvfGBxW047EcPWzbiff7U0yt1uMgfWykfl9q8lP5r-Oi4PwJa1AIekogElowMwZRWrBex"
	    "l4vTxc2tk_L7hetwGfZb7ogDt3eeHnesyDn7dT-qvMdgU7LVwVgl604tB1wdNcbEOZvOxAxH"
	    "VqJbxYhs7V2mTRPN42kqhEWuEjwgJeCwG_hg3dXuYu8IfMSvcfizyg" },
	{ "PSS: salt of 64 bytes", "PS256", "r2048", false,
	    "qCwzhjcf6EeBRi-ZVHnUfsmqvgotWh5pEt4CrOi0VYDSi_q_7JXfl3f2Na2RSDH1D1nBshqU"
	    "MdZzjfQmkr_qp2UrCbOPMNYE66OUpABZx2t0Gzfts2KykJxy3ci8tsTuSyYDA2tZynl70YEZ"
	    "DeU0ZA0ahtqxo2x7oW0gTmak8PBTSg5DRkLdBv4dj0BDeOTlITxTdCZcUMihPB9v7_Nkd4z4"
	    "G4KKQ4ZnqQJtHRnEXEFWe7__gYtsp6_mYZwen6JoTQbGdQPice84kAykIa6WrbJSBBJ7091X"
	    "OQqgaoYNaPytnlicpOhoZoQhs8ZAR5xwJ-EWO8fOuOXX6s-gIR1evQ" },
	{ "PSS: salt of 222 bytes", "PS256", "r2048", false,
	    "S4abyivt1ytSlyf_G-4UGUqiSfxIUj_1yitfVLKVahY0tUXxcazq7y40PaUfvxojyXgowA8Z"
	    "7DV3scbrUleqjeNux5YL1OCvIHRHCucxRWWRG62aAiHLIZnnSAmUCOQqnKvDWxtvwC1AY9lW"
	    "ow4vjrkpbYzLfJLAKX7W-HORNnJUvtcYa43MJ0IhOE4eH57nfTYAQf38KC3W0lBvgUYQSP99"
	    "I-H-I3wZcQSbqeGHXOThoU2pO1zDyTmq6-wBqWeIophDvFOgAZ6a7qC5BRdGOIbIhLb6OfPx"
	    "9qpr0o0b7A74SdIAV2d2KcJg29Pn4ka0nq57HiMoTUbowdNt5hgRaw" },
	{ "PSS: trailer 0xcc", "PS256", "r2048", false,
	    "Ib5O3sIcPt34CtGRMocE9RKN4U4k3RqZGEdwI63xeU4akBAareu-DYtzyWzgV0R_N_BzQiEh"
	    "Co5yPd4B1T4NdXCjvpjrfAfL7xkjoKkantPFWn8HZzfgnJ9p9oPQwUHOUQWRp6OBt_Pxl8Yl"
	    "cBnpWWWlNaxxgqxA63tpEIhmGPTvU7oKfSM_vJQ08FkIwc4nuJ_cEBkfv7SDD4tbCab_zYRP"
	    "gyt4Z0DEcFT2Ld4few2LGTmJlp5EH78A-qWAtMuACQDG9ZhlKDzyLf7LBwvdj_r3nGskHV4O"
	    "_DTnBLNtFx2srTUe7v-NcNrBtrrsjGdNtfhnCi06B9c7GVXIJHFswA" },
	{ "PSS: trailer 0", "PS256", "r2048", false,
	    "YFmOqy4alUWxsi5aQGsrczryCBgjNgaRSoYcnKLN_d1cCgZl7NBS0NA1ox1rJJfAuv7f8i2d"
	    "t4JDPPLFyaVXPR71zSWH6QZkiC3raAvaQtMWOV5Lx8116rxMKGF1ho7_SS1LRbeAt9kSniok"
	    "-5ud5BgtyYSxh5Ecia98zVTX5sk9MVGNYYE6qstxazuF1EkzH17USVg2_h8XMNqN_YLdHWoj"
	    "yt8bTkGfQiYQZy9q-JwhfQrJ3ImHEE_RrFD-go3lP3yVsVkIdLfjaDFc60wQAXWKLT1eFvjK"
	    "rPJlTeHJC0Z7a5J4J5UW3o7oXM2NGj33AtSdq7LmReF1gUijEoN3RA" },
	{ "PSS: separator 0", "PS256", "r2048", false,
	    "mW7Tel74WTpl_gNL5BFE-6ZhVI45omGBqakXT21RQCMPfFmg4Rk-_DgCFwe_YvuASTnTzkpW"
	    "JJWZgrmOb2WBuejOcLtoHudZKBO4ohCFGz9zOa3pHf3lUHf8wsiPqZyDKjIGCZYkeUBTLbk2"
	    "6AhN-_gAIpae9FYnTyGiqbokIQCj3cQPqxCRxQ8p146BucVFUXEuyETktR_CgPbuz8JoUFYI"
	    "EAX_ptNCVXn5IXmRg1qgvR5VtrJz5Gq1kPpovv_I2EPv1p2Di_jQJ6VfusrA0ykg-y1EqiC-"
	    "5r9QhCx826BkOMjNRQnkjBAutjAkjFtReztoutMKg7PtOpGLF-VbKQ" },
	{ "PSS: separator 2", "PS256", "r2048", false,
	    "hqd4H8neP9UAV9VqCOsy3ih54PePB9PhbpEo6RR290CoR6ipv_sLbVM2lbYAl9qK6rsFFbcm"
	    "OVmBeYqcOdGNmWBsVeeqfMseIBficwHZKnkediHe8ASQeyT9Vo6J0aoUpp7px9sbL9LyJXAX"
	    "7TYj9twldW7xKxuyVUUDIhCdMK5bKJEjDfg9RPhH1aYVe_uTtFxgKWolXvMkvn8cqU0zWC3T"
	    "6ibIFccVDlU0gKF-tuHbwjVMuSHbafYNnB_IXwtBISCgYT3hllv8u_160iZAkaHe6TE9-c3Y"
	    "_ujmTKNGWko-7yRz9azJE2hHgc8Ww2ISPWW2VAEP0XvDdtx_iAV5EA" },
	{ "PSS: a bit above the block", "PS256", "r2048", false,
	    "iSGjTRxYpYGZ1lkyWuUkTtU1o-liLMkp3SPAhN6yQibSjs8WkHTkUwVZNlaJj_xyjgP3eQUg"
	    "EaKbKi2tN7sZUE-jzotXhyTkNctpLlP57evYEKdsvau76CFuwquhx9NEguEoXXjyCALKgrX3"
	    "MyIjHaRmiuV9HzBSYpdw1ts515zugxq-rY2OGJFsgxPZAY095AISqexHJu8lPvlVyVLVKlTt"
	    "TNTZjFTSWXJkl_OGP5GsTZYwRXc5Nogj2CkGVpdobB2eOds0ym9u-XNSvdMN0U64upignRqT"
	    "uPfIpdYyxgpNmr6y-3TCWFWWtFZfCzMSgmqwMbrnUYFR14kD4SwCYA" },
	{ "PSS: a byte above the block", "PS256", "r2049", false,
	    "AMS2UKgg-tPMrjVUTz9JpKTX3hTdMT_fnLr6gQ92pFFhutb7G4TORQhMnjg7M2s0f9sIumym"
	    "yrY2k4qNQKeLApmUroSaaSDPg1BXxlJ1JjCLXbv7beHwhbrIRgEjMMEXcTa0unxfEPipCQLW"
	    "arZCNkdEyFnh2g9GHnQeOwc745TeI8uwKYEKKQ-3vemul99aarbTzKVTvfBXnPbMP2CpMlgW"
	    "TTlbDKjrp44Rjjh2qLR5MAsXmhBtASBUI-HB_yFGWTC8MoVVTkrG0_sBedWpZkEwsZxuvyj7"
	    "VNbKEw7xLM05IbcRofK0emuhdpqexs_GZ0svDBxYFAA13oKH2yJYRYs" },
	{ "PSS: padding not zero at its beginning", "PS256", "r2048", false,
	    "qMKa6FfSaQpm1BeMpzIFA9Stx_5MmKEw4gPewUHGoHiY2yYhKqw3jgeVT9Qx2KgIj-ztlC4L"
	    "hHHDBfchjNtFEjJAeMgEOhgvZuiYCAv0ZQu_lIr_gzAzRqt9jo6ZRKzGN_bU5sqvBDcU0-3-"
	    "lKuGr1-WdmvjxEpf-BNwq8Jf7Qslj6W328hVto0QfFft2FqA5-kFpGuXJetNZP2YrBcq_USb"
	    "jnguJIkLbUjmA1DSba_3dtxtyzfAQYVB8FHqQMXfWqnVd81UJ4sEHsXZeg3tTHUDnboM8BMU"
	    "tmZpkcOO7jPE1zNRcJ7LmGLHaTQ5UHZo2Kc6Dvx1SKoeqhA7puLVGA" },
	{ "PSS: padding not zero at its end", "PS256", "r2048", false,
	    "ATKdkWCy6f6WKeUdiGtYBosUAHRXO1AyvCERWtbuh6EZfj2ojXUl3Fc23WEdAk_gg-vijJYo"
	    "EZy1cP7PdX3oed_IexhdAAhbm6gYYuUkonur7jt77n5eIvcaWyx2aO1GRhy_iV7dCyA6gBzk"
	    "AY_By8MzfXTga8UzHPvgb6IOgudoGwWMo7U7_d0keAhzwPr6vSQ5WOC9XMTk5B4GHq-NCld8"
	    "HtRl_7ufjdqNHgcMlZ1vEKGVM7dK6Tomqu-kH_o1tl10eL9BMvsIxpriabmV1jKowu3tItvM"
	    "aOwBNH0FUyk4i8dg-ZkTqEf820sI9QGvXpS13QY-0OUkjjy3ziY1vA" },
	{ "PSS: hash with a wrong bit", "PS256", "r2048", false,
	    "MeNYn_1zdQqbTLajZT833q9whE8zjauVyF6a5hddOKcLqYpi9u7ajjDZa90gawR_vi9swqXE"
	    "zq8LiyR-K6xbiXhp613xyRF5raQBcDSu1pTihV92uYrY5OhXxQQPfY634jNiqIvuPnazoFCq"
	    "bjCVK5b5VbGU4WXJm2iki_Tr3cBcVPns80zh8VJ_09ysfUSNNQwlpgPxwcW8SM4qFh6vGXIO"
	    "p4YbNK3ZKL0hEVphtap_535Z9XK2gXBazz1Nkho1CPE6N7MRiA_dsqRRaw_U3xPYG5e042cf"
	    "tWtVEXn4rNJl4zsYcHgCxHedtzaGmS6dkp2CDBqwtLmQt4kcGNJaPQ" },
	{ "PSS: mask by SHA-1", "PS256", "r2048", false,
	    "C0sV41MCRfaePq80wrW4kCxiiB4UtrHVh-nmLBFzfcLfCHjQfJRgIs2x_Nc3y8c4Zt8c7WX1"
	    "ZjStJS6LQm1mIX3Mv7JkVbnJvd_EHgFoqgQULwJzaSrot3lzLpLY19b5burUbN8uUSxqtrKB"
	    "KYxMLHdMFXg-AJRepB5jZ99omDqEhaPg1enxYvC7vbKtUeyNtOr0-9ebya0dCc45sieTkibT"
	    "obZv-FCf78L4nZhFnsq8X3kr4rU3M7StKisHajqXsW36tw0Hn8FQy6zvWtOIgXJjHfG34hxK"
	    "uNrKwIPO7C-d7XL7RF_8_plKcWV9brHeF2WegODfbJbz4182LbV4ag" },
	{ "PSS: mask by SHA-512", "PS256", "r2048", false,
	    "IUiSByfMR2mThu8GwPbRwK2_Jeg_RMBVWnzYN7rJUimXxcth3pUfTwdRESG6gdKqecW9aZKC"
	    "EMlyi1_zuAxFBRz_JTlX5Iqj35wqWcETpQ1jO6HOlElcLimkdhieYrMuSNxCuYnkSwXpddWL"
	    "RsOSUGjkVjNSV0UJpPK1asqpIJ_rTnpATVA9ImEjmjxW--tmpfYqvR6v0Q0hGi8gm83R6qBU"
	    "U9FvARKvBJDiO866lYBZ6k2wSJDNZY9b79dtMMxEc9sK6B0HwOiUI5T7v5iIMbznV_Vo2Xe2"
	    "AbsjRLbZIG7RB8JV6UYCTwdo7-yERse-K4vZwd0bcPC7NafETiH_8A" },
	{ "PSS: seven zeros", "PS256", "r2048", false,
	    "MmNR118P1H2lYLgcI37GryyoKD1Xs2oFS58RdktoaSrBIHE6AZDohwZP_G4C1dvTWA-JXwKO"
	    "MlaCjVZ1PM_xEtAbYYf_zLqY5FjSuwNwKwE0lzeZ6zo_wbJWYKOppoE0M4J8yomPRIDqojf-"
	    "9gyQGJkqpfgnQv8aWFYYNNsOqtCt3l-CIrWhECvma8hzS5dY2o_0pYnzjm1ZNeUNjh8K08Bj"
	    "so9e2ps6uG_Wwzu6lyW_XGB_IZX5Adto4cBkZPMnawVnU4x3wOaO0Jm9JQBcIqtcBpg7yAKH"
	    "a3GK6uo8jD1vTn6a-HlXNTDyTA58bKevlwRjHDICUx9OjpDHDveKGA" },
	{ "PSS: of another message", "PS256", "r2048", false,
	    "N9KirkQG98hebkkD9YDjH_MTWGUw3OQqN7XLFoS08du1xNTLmLaLdq7JFk6IC26vRy_C1YW4"
	    "DR2RuGYdcnArlppA_ZiUAeqPzKe7z6i4tv33zxxlCevhMqyalo5yqPY6P95GwRNgz0EEsXbi"
	    "SE54TMUzhu7G1_nZStopEBemGGFKyshh7JkohPTwbwFIr8umTeMkh33eLxjQln_XDIevovGO"
	    "uDbBSzDtrBXeGNNnL5KeU1iIYHZCZ20tbdfnP1w9mNe8iBLC7aVZjgZOlqMJw0QMjplI-E5Z"
	    "eduetuRhrIQHrYjDZI_8GSrHH6sGiIFZpJwN7kl9gPgnKmwLKavxhA" },
	{ "s from the other side", "ES256", "p256", true,
	    "Zkjuj24QJUvhbJrLaWG2RsZSc86pPS9emiu6msZ6entfitjKWW7PXSrnIy2c28591gGqMpQL"
	    "4pOca-K4CC7M7w" },
	{ "r is 0", "ES256", "p256", false,
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACgdSc0ppEwo9UY3NJjJDGB5uVQexML"
	    "u_FXTegK9DRYYg" },
	{ "s is 0", "ES256", "p256", false,
	    "Zkjuj24QJUvhbJrLaWG2RsZSc86pPS9emiu6msZ6ensAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAAAAAAAAAAAAA" },
	{ "both are 0", "ES256", "p256", false,
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAAAAAAAAAAAAA" },
	{ "r is the order", "ES256", "p256", false,
	    "_____wAAAAD__________7zm-q2nF56E87nKwvxjJVGgdSc0ppEwo9UY3NJjJDGB5uVQexML"
	    "u_FXTegK9DRYYg" },
	{ "s is the order", "ES256", "p256", false,
	    "Zkjuj24QJUvhbJrLaWG2RsZSc86pPS9emiu6msZ6env_____AAAAAP__________vOb6racX"
	    "noTzucrC_GMlUQ" },
	{ "both are the order", "ES256", "p256", false,
	    "_____wAAAAD__________7zm-q2nF56E87nKwvxjJVH_____AAAAAP__________vOb6racX"
	    "noTzucrC_GMlUQ" },
	{ "r is 1", "ES256", "p256", false,
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAGgdSc0ppEwo9UY3NJjJDGB5uVQexML"
	    "u_FXTegK9DRYYg" },
	{ "both are 1", "ES256", "p256", false,
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAAAAAAAAAAAAQ" },
	{ "s and r changed", "ES256", "p256", false,
	    "oHUnNKaRMKPVGNzSYyQxgeblUHsTC7vxV03oCvQ0WGJmSO6PbhAlS-FsmstpYbZGxlJzzqk9"
	    "L16aK7qaxnp6ew" },
	{ "r is -r", "ES256", "p256", false,
	    "mbcRb5Hv2rUek2U0lp5JuPaUht792m8mWY4QKDXoqtagdSc0ppEwo9UY3NJjJDGB5uVQexML"
	    "u_FXTegK9DRYYg" },
	{ "all ones", "ES256", "p256", false,
	    "________________________________________________________________________"
	    "_____________w" },
	{ "r is the order, s is 0", "ES256", "p256", false,
	    "_____wAAAAD__________7zm-q2nF56E87nKwvxjJVEAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAAAAAAAAAAAAA" },
	{ "truncated", "ES256", "p256", false,
	    "Zkjuj24QJUvhbJrLaWG2RsZSc86pPS9emiu6msZ6enugdSc0ppEwo9UY3NJjJDGB5uVQexML"
	    "u_FXTegK9DRY" },
	{ "two bytes behind", "ES256", "p256", false,
	    "Zkjuj24QJUvhbJrLaWG2RsZSc86pPS9emiu6msZ6enugdSc0ppEwo9UY3NJjJDGB5uVQexML"
	    "u_FXTegK9DRYYgAA" },
	{ "longer integers", "ES256", "p256", false,
	    "AGZI7o9uECVL4Wyay2lhtkbGUnPOqT0vXporuprGenp7AKB1JzSmkTCj1Rjc0mMkMYHm5VB7"
	    "Ewu78VdN6Ar0NFhi" },
	{ "empty", "ES256", "p256", false,
	    "" },
	{ "as ASN.1", "ES256", "p256", false,
	    "MEYCIQC3SJueOT64h9QuDgvyW4PSy9WUALl11g2bCzK004jnNQIhALD6UGm9Vt1a_osPeHHy"
	    "nnQwd-O0RFVDIY2hevKsg6MB" },
	{ "half of it", "ES256", "p256", false,
	    "Zkjuj24QJUvhbJrLaWG2RsZSc86pPS9emiu6msZ6ens" },
	{ "of another message", "ES256", "p256", false,
	    "r0zun6oE5vCUv5eOvGbz-jSjuPp98vn-5eWuaILYo-e92FqO984FSbKR0aLLSHK2VBoKiea6"
	    "lYqU4hUvri1Ikw" },
	{ "s from the other side", "ES384", "p384", true,
	    "fGeABDKUeaKCmjqSjXIBZ7KUkHwp-vBNoHzn2XO04gTMCb-fBsgVJCHBmU0ln7tKRVVmYmvp"
	    "Pfj3rK8dcDsI60hvGQf14VeyzKyn9yWrlm4bTdg2diT-i4A6SgBCEc1Z" },
	{ "r is 0", "ES384", "p384", false,
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAuqqZnZQW"
	    "wgcIU1Dij8T3FLeQ5vgKHqhM-ralis6Ll3E8zDV70ouo72yxz2qKs1wa" },
	{ "s is 0", "ES384", "p384", false,
	    "fGeABDKUeaKCmjqSjXIBZ7KUkHwp-vBNoHzn2XO04gTMCb-fBsgVJCHBmU0ln7tKAAAAAAAA"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
	{ "both are 0", "ES384", "p384", false,
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
	{ "r is the order", "ES384", "p384", false,
	    "________________________________x2NNgfQ3Ld9YGg2ySLCneuzsGWrMxSlzuqqZnZQW"
	    "wgcIU1Dij8T3FLeQ5vgKHqhM-ralis6Ll3E8zDV70ouo72yxz2qKs1wa" },
	{ "s is the order", "ES384", "p384", false,
	    "fGeABDKUeaKCmjqSjXIBZ7KUkHwp-vBNoHzn2XO04gTMCb-fBsgVJCHBmU0ln7tK________"
	    "________________________x2NNgfQ3Ld9YGg2ySLCneuzsGWrMxSlz" },
	{ "both are the order", "ES384", "p384", false,
	    "________________________________x2NNgfQ3Ld9YGg2ySLCneuzsGWrMxSlz________"
	    "________________________x2NNgfQ3Ld9YGg2ySLCneuzsGWrMxSlz" },
	{ "r is 1", "ES384", "p384", false,
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABuqqZnZQW"
	    "wgcIU1Dij8T3FLeQ5vgKHqhM-ralis6Ll3E8zDV70ouo72yxz2qKs1wa" },
	{ "both are 1", "ES384", "p384", false,
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABAAAAAAAA"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB" },
	{ "s and r changed", "ES384", "p384", false,
	    "uqqZnZQWwgcIU1Dij8T3FLeQ5vgKHqhM-ralis6Ll3E8zDV70ouo72yxz2qKs1wafGeABDKU"
	    "eaKCmjqSjXIBZ7KUkHwp-vBNoHzn2XO04gTMCb-fBsgVJCHBmU0ln7tK" },
	{ "r is -r", "ES384", "p384", false,
	    "g5h_-81rhl19ZcVtco3-mE1rb4PWBQ-yJuZlqICCS9qMEE4TQeiSVssqgB2nJW4puqqZnZQW"
	    "wgcIU1Dij8T3FLeQ5vgKHqhM-ralis6Ll3E8zDV70ouo72yxz2qKs1wa" },
	{ "all ones", "ES384", "p384", false,
	    "________________________________________________________________________"
	    "________________________________________________________" },
	{ "r is the order, s is 0", "ES384", "p384", false,
	    "________________________________x2NNgfQ3Ld9YGg2ySLCneuzsGWrMxSlzAAAAAAAA"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
	{ "truncated", "ES384", "p384", false,
	    "fGeABDKUeaKCmjqSjXIBZ7KUkHwp-vBNoHzn2XO04gTMCb-fBsgVJCHBmU0ln7tKuqqZnZQW"
	    "wgcIU1Dij8T3FLeQ5vgKHqhM-ralis6Ll3E8zDV70ouo72yxz2qKs1w" },
	{ "two bytes behind", "ES384", "p384", false,
	    "fGeABDKUeaKCmjqSjXIBZ7KUkHwp-vBNoHzn2XO04gTMCb-fBsgVJCHBmU0ln7tKuqqZnZQW"
	    "wgcIU1Dij8T3FLeQ5vgKHqhM-ralis6Ll3E8zDV70ouo72yxz2qKs1waAAA" },
	{ "longer integers", "ES384", "p384", false,
	    "AHxngAQylHmigpo6ko1yAWeylJB8KfrwTaB859lztOIEzAm_nwbIFSQhwZlNJZ-7SgC6qpmd"
	    "lBbCBwhTUOKPxPcUt5Dm-AoeqEz6tqWKzouXcTzMNXvSi6jvbLHPaoqzXBo" },
	{ "empty", "ES384", "p384", false,
	    "" },
	{ "as ASN.1", "ES384", "p384", false,
	    "MGUCMA0mdx7LocsAHMXsHEnJS3TIdNCo_PUIHmnqNt8DGfyQvo29ca1b3-UPgsybG5Z3-QIx"
	    "ALL008B_egsLFPVQ1voryD3Qj6CERHnmQg41qusMm2RSbZa1b8EEtrCk0-eJ9ubF3A" },
	{ "half of it", "ES384", "p384", false,
	    "fGeABDKUeaKCmjqSjXIBZ7KUkHwp-vBNoHzn2XO04gTMCb-fBsgVJCHBmU0ln7tK" },
	{ "of another message", "ES384", "p384", false,
	    "HbUYRYCnxcsc_TWFPNUArNyFj8NJO9FdhB5lWnLzOpz3JETGgo3G2QKuIeIJHJMv1XwHWRZs"
	    "I8zeONAELdnDsOAUXRcHV_k0YE1Pwjc-APqLUVhAMPIMtEl_Lq1eK7Zo" },
};
const size_t jws_vectors_len = sizeof(jws_vectors) / sizeof(jws_vectors[0]);
